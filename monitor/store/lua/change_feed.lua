#!lua
-- Write the user's change of a feed that is still there; a poll in flight is made stale.
-- KEYS feed, due; ARGV id, config, due ('' not polled). Answers 0 where the feed is gone.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'config', ARGV[2])
redis.call('HINCRBY', KEYS[1], 'fence', 1)
if ARGV[3] == '' then
  redis.call('ZREM', KEYS[2], ARGV[1])
else
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
end
return 1
