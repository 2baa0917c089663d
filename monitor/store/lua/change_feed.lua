#!lua
-- Write the user's change of a feed that is still there. A change of its schedule makes a poll in flight stale.
-- KEYS feed, due; ARGV id, config, due ('' not polled, 'keep' as it is). Answers 0 where the feed is gone.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], 'config', ARGV[2])
if ARGV[3] ~= 'keep' then
  redis.call('HINCRBY', KEYS[1], 'fence', 1)
  redis.call('HDEL', KEYS[1], 'lease')
  if ARGV[3] == '' then
    redis.call('ZREM', KEYS[2], ARGV[1])
  else
    redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  end
end
return 1
