#!lua flags=allow-oom
-- Record an attempt and what comes of it. A success counts whoever reports it; any other report from a
-- claim that has been overtaken is only noted.
-- KEYS delivery, attempts, due of the subscription, ready, health of the receiver
-- ARGV prefix, subscription, id, fence, state, next ('' none), reason, attempt ('' none), now,
--      seconds to keep a finished delivery, whether the attempt is one of the receiver's (1/0)
-- Answers recorded, stale, finished (by somebody else before) or gone.
local prefix, subscription, id, state = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
local record = redis.call('HMGET', KEYS[1], 'state', 'fence', 'entry', 'next')
if not record[1] then
  return 'gone'
end
if ARGV[8] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[8])
  redis.call('LTRIM', KEYS[2], -50, -1)
end
if ARGV[11] == '1' then
  if state == 'sent' then
    redis.call('HSET', KEYS[5], 'failures', 0, 'last_success', ARGV[9])
    redis.call('HDEL', KEYS[5], 'failing_since', 'last_error')
  else
    redis.call('HINCRBY', KEYS[5], 'failures', 1)
    redis.call('HSETNX', KEYS[5], 'failing_since', ARGV[9])
    redis.call('HSET', KEYS[5], 'last_error', ARGV[7])
  end
end
if record[1] ~= 'scheduled' and not (record[1] == 'unknown' and (record[4] ~= '' or state == 'sent')) then
  redis.call('EXPIRE', KEYS[2], ARGV[10])
  return 'finished'
end
if record[2] ~= ARGV[4] and state ~= 'sent' then
  return 'stale'
end
redis.call('HSET', KEYS[1], 'state', state, 'next', ARGV[6], 'reason', ARGV[7])
if ARGV[11] == '1' then
  redis.call('HINCRBY', KEYS[1], 'tries', 1)
end
redis.call('HDEL', KEYS[1], 'begun')
redis.call('HINCRBY', KEYS[1], 'fence', 1) -- the claim ends here: a renewal on its way must not move the due time
for _, index in ipairs({'deliveries:', 'deliveries:' .. subscription .. ':'}) do
  redis.call('ZREM', prefix .. index .. record[1], record[3])
  redis.call('ZADD', prefix .. index .. state, 0, record[3])
end
if ARGV[6] ~= '' then
  redis.call('ZADD', KEYS[3], ARGV[6], id)
else
  redis.call('ZREM', KEYS[3], id)
  redis.call('EXPIRE', KEYS[1], ARGV[10])
  redis.call('EXPIRE', KEYS[2], ARGV[10])
end
local first = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
if first[2] then
  redis.call('ZADD', KEYS[4], first[2], subscription)
else
  redis.call('ZREM', KEYS[4], subscription)
end
return 'recorded'
