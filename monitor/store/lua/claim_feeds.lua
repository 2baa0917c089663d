#!lua
-- Claim due feeds: the due time is pushed ahead as a lease, and the fence makes every older claim stale.
-- Fences come from one counter, so that no claim on a feed that was removed can be one on a feed added later.
-- KEYS due, fence; ARGV now, lease end, limit, prefix of feed keys. Answers {config, state, fence} each.
local claimed = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[3])) do
  local key = ARGV[4] .. id
  local record = redis.call('HMGET', key, 'config', 'state')
  if record[1] then
    redis.call('ZADD', KEYS[1], ARGV[2], id)
    local fence = redis.call('INCR', KEYS[2])
    redis.call('HSET', key, 'fence', fence, 'lease', ARGV[2])
    claimed[#claimed + 1] = {record[1], record[2] or '', fence}
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return claimed
