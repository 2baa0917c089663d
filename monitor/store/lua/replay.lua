#!lua
-- Schedule a delivery anew, from the first attempt on and under the same id.
-- KEYS delivery, attempts, due of the subscription, ready; ARGV prefix, subscription, id, now
-- Answers 1, or 0 where there is no such delivery.
local record = redis.call('HMGET', KEYS[1], 'state', 'entry')
if not record[1] then
  return 0
end
for _, index in ipairs({'deliveries:', 'deliveries:' .. ARGV[2] .. ':'}) do
  redis.call('ZREM', ARGV[1] .. index .. record[1], record[2])
  redis.call('ZADD', ARGV[1] .. index .. 'scheduled', 0, record[2])
end
redis.call('HSET', KEYS[1], 'state', 'scheduled', 'next', ARGV[4], 'tries', 0)
redis.call('HINCRBY', KEYS[1], 'fence', 1) -- the failure of an attempt in flight does not end the replay
redis.call('HDEL', KEYS[1], 'reason', 'begun')
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[2])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
redis.call('ZADD', KEYS[4], 'LT', ARGV[4], ARGV[2])
return 1
