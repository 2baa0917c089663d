#!lua flags=allow-oom
-- Hand one hit to one subscription, once. The subscription remembers, by rule, what it has alerted: the
-- story itself (a replay), and its link and text (the same item in another feed).
-- In digest mode the hit waits in `pending` (by the time it was first seen) for the next digest, and what is
-- remembered in place of a delivery is @hit. Its copies (hits, too) are gathered meanwhile; `told` knows the digests
-- of the last days that hits went into.
-- KEYS due of the subscription, ready, pending, waiting, copies, told
-- ARGV prefix, subscription, hit, rule, delivery id, now, due, index entry, story id, first seen,
--      seconds to remember a story, seconds to remember an item, instant or digest,
--      then items: story first, link, text
-- Answers {what became of it, delivery or ''}: known, copy, joined, new, pending.
local prefix, subscription, hit, rule, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local FIRST = 14
local memory = prefix .. 'alerted:' .. subscription .. ':'
local function remember(delivery)
  for i = FIRST, #ARGV do
    if redis.call('HSETNX', memory .. ARGV[i], rule, delivery) == 1 then
      redis.call('EXPIRE', memory .. ARGV[i], i == FIRST and ARGV[11] or ARGV[12], 'NX')
    end
  end
end
-- Add a word to those of a field, once; a story that has hundreds of copies need not name them all.
local function note(key, field, word)
  local known = redis.call('HGET', key, field) or ''
  if not string.find(' ' .. known .. ' ', ' ' .. word .. ' ', 1, true) and #known < 4000 then
    redis.call('HSET', key, field, known == '' and word or known .. ' ' .. word)
  end
end
for i = FIRST, #ARGV do
  local delivery = redis.call('HGET', memory .. ARGV[i], rule)
  if delivery and i == FIRST then
    return {'known', string.sub(delivery, 1, 1) == '@' and '' or delivery}
  elseif delivery then
    remember(delivery)
    if string.sub(delivery, 1, 1) == '@' then
      local first = string.sub(delivery, 2)
      if redis.call('ZSCORE', KEYS[3], first) then
        note(KEYS[5], first, hit)
        return {'copy', ''}
      end
      delivery = redis.call('HGET', KEYS[6], first) or ''
    end
    local key = prefix .. 'delivery:' .. delivery
    if redis.call('EXISTS', key) == 1 then
      note(key, 'copies', ARGV[9])
    end
    return {'copy', delivery}
  end
end
if ARGV[13] == 'digest' then
  redis.call('ZADD', KEYS[3], ARGV[10], hit)
  redis.call('ZADD', KEYS[4], 'NX', ARGV[6], subscription)
  remember('@' .. hit)
  return {'pending', ''}
end
-- Another rule on the same story joins a delivery that nobody ever claimed.
for _, delivery in ipairs(redis.call('HVALS', memory .. ARGV[FIRST])) do
  local key = prefix .. 'delivery:' .. delivery
  local record = redis.call('HMGET', key, 'state', 'fence', 'hits', 'story')
  if record[1] == 'scheduled' and record[2] == '0' and record[4] == ARGV[9] then
    redis.call('HSET', key, 'hits', record[3] .. ' ' .. hit)
    remember(delivery)
    return {'joined', delivery}
  end
end
local key = prefix .. 'delivery:' .. id
if redis.call('EXISTS', key) == 1 then
  return {'known', id}
end
redis.call('HSET', key, 'subscription', subscription, 'state', 'scheduled', 'hits', hit, 'story', ARGV[9], 'created', ARGV[6],
  'next', ARGV[7], 'tries', 0, 'fence', 0, 'entry', ARGV[8])
redis.call('ZADD', prefix .. 'deliveries:scheduled', 0, ARGV[8])
redis.call('ZADD', prefix .. 'deliveries:' .. subscription .. ':scheduled', 0, ARGV[8])
redis.call('ZADD', KEYS[1], ARGV[7], id)
redis.call('ZADD', KEYS[2], 'LT', ARGV[7], subscription)
remember(id)
return {'new', id}
