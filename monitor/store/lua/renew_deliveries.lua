#!lua flags=allow-oom
-- Renew the leases of attempts in flight. KEYS due of the subscription, ready; ARGV lease end, prefix, subscription,
-- then delivery id and fence each.
for at = 4, #ARGV, 2 do
  if redis.call('HGET', ARGV[2] .. 'delivery:' .. ARGV[at], 'fence') == ARGV[at + 1] then
    redis.call('ZADD', KEYS[1], 'XX', ARGV[1], ARGV[at])
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  redis.call('ZADD', KEYS[2], first[2], ARGV[3])
end
return 1
