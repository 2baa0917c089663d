#!lua
-- Make a feed due now, unless it is being polled at this moment anyway. KEYS feed, due; ARGV id, now.
-- Answers 0 where there is no such feed.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local lease = redis.call('HGET', KEYS[1], 'lease')
if not lease or tonumber(lease) <= tonumber(ARGV[2]) then
  redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
end
return 1
