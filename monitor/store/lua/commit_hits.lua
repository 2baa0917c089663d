#!lua flags=allow-oom
-- Store hits that are not stored yet; those that alert go into the outbox in the same step.
-- KEYS outbox, hits; ARGV seconds to keep a hit, prefix, then per hit: id, rule, index entry, record, alert (1/0)
-- Answers 1 for each hit that was new, 0 for a replay. Drains work, so it runs when memory is full.
local new = {}
for at = 3, #ARGV, 5 do
  local id, rule, entry = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if redis.call('SET', ARGV[2] .. 'hit:' .. id, ARGV[at + 3], 'NX', 'EX', ARGV[1]) then
    redis.call('ZADD', KEYS[2], 0, entry)
    redis.call('ZADD', ARGV[2] .. 'hits:' .. rule, 0, entry)
    if ARGV[at + 4] == '1' then
      redis.call('XADD', KEYS[1], '*', 'id', id)
    end
    new[#new + 1] = 1
  else
    new[#new + 1] = 0
  end
end
return new
