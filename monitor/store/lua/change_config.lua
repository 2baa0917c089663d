#!lua
-- Change one record of the configuration if it still is what the caller saw, and count the epoch up.
-- KEYS records, epoch, changes[, versions]
-- ARGV kind, id, what the caller saw ('' nothing), the new record ('' remove)[, version]
-- Answers the new epoch, or 0 where somebody else was faster.
if (redis.call('HGET', KEYS[1], ARGV[2]) or '') ~= ARGV[3] then
  return 0
end
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[1], ARGV[2])
else
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
  if KEYS[4] then
    redis.call('HSET', KEYS[4], ARGV[5], ARGV[4])
  end
end
local epoch = redis.call('INCR', KEYS[2])
redis.call('ZADD', KEYS[3], epoch, ARGV[1] .. ':' .. ARGV[2])
return epoch
