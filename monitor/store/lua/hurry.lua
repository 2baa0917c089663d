#!lua
-- Make what waits for a subscription due now. What is being sent at this moment (its due time is a lease and
-- not its next attempt) stays as it is. KEYS due of the subscription, ready; ARGV now, prefix, subscription
-- Answers how many deliveries are due now.
local due = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local count = 0
for at = 1, #due, 2 do
  local key = ARGV[2] .. 'delivery:' .. due[at]
  if tonumber(redis.call('HGET', key, 'next')) == tonumber(due[at + 1]) then
    count = count + 1
    if tonumber(due[at + 1]) > tonumber(ARGV[1]) then
      redis.call('ZADD', KEYS[1], ARGV[1], due[at])
      redis.call('HSET', key, 'next', ARGV[1])
    end
  end
end
if count > 0 then
  redis.call('ZADD', KEYS[2], 'LT', ARGV[1], ARGV[3])
end
return count
