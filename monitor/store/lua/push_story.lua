#!lua
-- Store a story that a client pushed in, unless one of its aliases is known.
-- KEYS stories-in, stories, stories of the pseudo feed
-- ARGV id, index entry, record, seconds to keep it, key of the story, then keys of its aliases
-- Answers {1, id} where it is new, {0, id of the known story} otherwise.
for i = 6, #ARGV do
  local known = redis.call('GET', ARGV[i])
  if known then
    for other = 6, #ARGV do -- an alias that is told only now
      redis.call('SET', ARGV[other], known, 'NX', 'EX', ARGV[4])
    end
    return {0, known}
  end
end
redis.call('SET', ARGV[5], ARGV[3], 'EX', ARGV[4])
redis.call('ZADD', KEYS[2], 0, ARGV[2])
redis.call('ZADD', KEYS[3], 0, ARGV[2])
for i = 6, #ARGV do
  redis.call('SET', ARGV[i], ARGV[1], 'EX', ARGV[4])
end
redis.call('XADD', KEYS[1], '*', 'id', ARGV[1])
return {1, ARGV[1]}
