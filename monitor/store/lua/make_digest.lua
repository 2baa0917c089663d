#!lua flags=allow-oom
-- Make one delivery of everything that waits for a digest, once a run. A run that is not later than the last
-- one was made already (another process, or a restart).
-- KEYS pending, waiting, delivery, due of the subscription, ready, runs of the subscription, copies, told
-- ARGV prefix, subscription, delivery id, now, the run's name, its time ('' outside the schedule), index entry,
--      whether to tell that there is nothing (1/0), seconds for which the hits know their digest
-- Answers made, quiet (nothing waited) or done (by somebody before).
local prefix, subscription, id = ARGV[1], ARGV[2], ARGV[3]
if ARGV[6] ~= '' then
  if tonumber(redis.call('HGET', KEYS[6], 'last') or '0') >= tonumber(ARGV[6]) then
    return 'done'
  end
  redis.call('HSET', KEYS[6], 'last', ARGV[6], 'name', ARGV[5])
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  return 'done'
end
local hits = redis.call('ZRANGE', KEYS[1], 0, -1, 'REV') -- the newest first
if #hits == 0 and ARGV[8] ~= '1' then
  return 'quiet'
end
local also = {}
local copies = redis.call('HGETALL', KEYS[7])
for at = 1, #copies, 2 do
  also[copies[at]] = copies[at + 1]
end
redis.call('HSET', KEYS[3], 'subscription', subscription, 'state', 'scheduled', 'hits', table.concat(hits, ' '),
  'also', cjson.encode(also), 'run', ARGV[5], 'created', ARGV[4], 'next', ARGV[4], 'tries', 0, 'fence', 0,
  'entry', ARGV[7])
redis.call('ZADD', prefix .. 'deliveries:scheduled', 0, ARGV[7])
redis.call('ZADD', prefix .. 'deliveries:' .. subscription .. ':scheduled', 0, ARGV[7])
redis.call('ZADD', KEYS[4], ARGV[4], id)
redis.call('ZADD', KEYS[5], 'LT', ARGV[4], subscription)
for _, hit in ipairs(hits) do
  redis.call('HSET', KEYS[8], hit, id)
end
redis.call('EXPIRE', KEYS[8], ARGV[9])
redis.call('DEL', KEYS[1], KEYS[7])
redis.call('ZREM', KEYS[2], subscription)
return 'made'
