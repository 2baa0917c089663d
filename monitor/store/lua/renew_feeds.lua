#!lua flags=allow-oom
-- Renew the leases of polls in flight. KEYS due; ARGV lease end, prefix of feed keys, then feed id and fence each.
for at = 3, #ARGV, 2 do
  if redis.call('HGET', ARGV[2] .. ARGV[at], 'fence') == ARGV[at + 1] then
    redis.call('ZADD', KEYS[1], 'XX', ARGV[1], ARGV[at])
    redis.call('HSET', ARGV[2] .. ARGV[at], 'lease', ARGV[1])
  end
end
return 1
