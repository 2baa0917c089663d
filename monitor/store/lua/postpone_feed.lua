#!lua
-- Give a claim back. KEYS feed, due; ARGV fence, feed id, due.
if redis.call('HGET', KEYS[1], 'fence') == ARGV[1] then
  redis.call('HINCRBY', KEYS[1], 'fence', 1)
  redis.call('HDEL', KEYS[1], 'lease')
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
end
return 1
