#!lua flags=allow-oom
-- Note the end of a back-fill, unless a newer request has taken its place. KEYS backfills; ARGV rule, seen, new.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
