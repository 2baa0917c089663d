#!lua
-- Store a new feed, and make it due. KEYS feed, feeds, due; ARGV id, config, due ('' not polled).
-- Answers 0 where it is there already.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'config', ARGV[2], 'fence', 0)
redis.call('ZADD', KEYS[2], 0, ARGV[1])
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
end
return 1
