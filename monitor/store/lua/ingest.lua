#!lua
-- Write what a poll found, if the claim still holds. The last call of a poll carries state and due time.
-- KEYS feed, due, seen, stories-in, stories, stories of the feed
-- ARGV fence, feed id, state ('' before the last call), due ('' stops polling), seconds to keep a story,
--      prefix of story keys, then four lists, each after its length:
--      new (id, index entry, record), changed (id, record), seen (alias, value), forgotten (alias)
if redis.call('HGET', KEYS[1], 'fence') ~= ARGV[1] then
  return 'stale'
end
local at = 7
local function list(width, act)
  local count = tonumber(ARGV[at])
  at = at + 1
  for _ = 1, count do
    act(ARGV[at], ARGV[at + 1], ARGV[at + 2])
    at = at + width
  end
end
list(3, function(id, entry, record)
  -- A feed that was removed and added again shows stories that are still kept.
  if redis.call('SET', ARGV[6] .. id, record, 'NX', 'EX', ARGV[5]) then
    redis.call('ZADD', KEYS[5], 0, entry)
    redis.call('ZADD', KEYS[6], 0, entry)
    redis.call('EXPIRE', KEYS[6], ARGV[5]) -- it need not outlive the last of its stories
    redis.call('XADD', KEYS[4], '*', 'id', id)
  end
end)
list(2, function(id, record)
  redis.call('SET', ARGV[6] .. id, record, 'XX', 'KEEPTTL')
end)
list(2, function(alias, value)
  redis.call('HSET', KEYS[3], alias, value)
end)
list(1, function(alias)
  redis.call('HDEL', KEYS[3], alias)
end)
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], 'state', ARGV[3])
  redis.call('HDEL', KEYS[1], 'lease')
  redis.call('HINCRBY', KEYS[1], 'fence', 1) -- the claim ends here: a renewal on its way must not move the due time
  if ARGV[4] == '' then
    redis.call('ZREM', KEYS[2], ARGV[2])
  else
    redis.call('ZADD', KEYS[2], ARGV[4], ARGV[2])
  end
end
return 'ok'
