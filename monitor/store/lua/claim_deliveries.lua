#!lua flags=allow-oom
-- Claim due deliveries of one subscription by lease, as feeds are.
-- At most once: a claim that was never recorded (a crash, a stop) may have been sent, so it is not handed out again.
-- KEYS due of the subscription, ready; ARGV now, lease end, limit, prefix, subscription, at most once (1/0),
--      seconds to keep a finished delivery
-- Answers {id, hits, created, tries, fence, run, also} each. Of an unknown outcome only that is due which is to be tried again.
local claimed = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[3])) do
  local key = ARGV[4] .. 'delivery:' .. id
  local record = redis.call('HMGET', key, 'state', 'hits', 'created', 'tries', 'run', 'also', 'begun', 'entry')
  if record[7] and ARGV[6] == '1' then
    for _, index in ipairs({'deliveries:', 'deliveries:' .. ARGV[5] .. ':'}) do
      redis.call('ZREM', ARGV[4] .. index .. record[1], record[8])
      redis.call('ZADD', ARGV[4] .. index .. 'unknown', 0, record[8])
    end
    redis.call('HSET', key, 'state', 'unknown', 'next', '', 'reason', 'the service ended while it was being sent')
    redis.call('EXPIRE', key, ARGV[7])
    redis.call('EXPIRE', ARGV[4] .. 'attempts:' .. id, ARGV[7])
    redis.call('ZREM', KEYS[1], id)
  elseif record[1] == 'scheduled' or record[1] == 'unknown' then
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    redis.call('HSET', key, 'begun', 1)
    claimed[#claimed + 1] = {id, record[2], record[3], record[4], redis.call('HINCRBY', key, 'fence', 1),
      record[5] or '', record[6] or ''}
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if first[2] then
  redis.call('ZADD', KEYS[2], first[2], ARGV[5])
else
  redis.call('ZREM', KEYS[2], ARGV[5])
end
return claimed
