#!lua flags=allow-oom
-- Give one's own lease back. KEYS lease; ARGV owner. Answers 1 or 0.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
