-- Brings an instance's accounts here and its leases there: what was spent, corrected and let go
-- since the last time; what it still holds; and a larger lease where there is room.
-- A batch has a number: one that comes again, because its answer was lost, is answered from memory.
-- KEYS: the instance's memory, the set of instances, the epoch, then hash and sorted set of each
--       meter.
-- ARGV: instance, number of the batch, microseconds a hold lives, microseconds an instance lives
--       (0: it ends now), then for each meter: kind, width, milliseconds the keys live, known spent,
--       limit, lease to have, wish for more, size of a request, spent, number of slots, (slot,
--       difference)..., number of owners, (owner, amount it holds)...
-- Gives {epoch, now, instances alive, then for each meter: granted, room for leases (0, 1), used
--       for good, held}.

local instance, hold_life = ARGV[1], tonumber(ARGV[3])
local memory = redis.call('HMGET', KEYS[1], 'batch', 'answer')
if memory[1] == ARGV[2] then return cmsgpack.unpack(memory[2]) end

local instance_life = tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now))
if instance_life > 0 then
  redis.call('ZADD', KEYS[2], text(now + instance_life), instance)
else
  redis.call('ZREM', KEYS[2], instance)
end
local instances = math.max(redis.call('ZCARD', KEYS[2]), 1)
redis.call('SET', KEYS[3], instance .. ':' .. text(now), 'NX')

local cursor = 4
local function argument()
  cursor = cursor + 1
  return ARGV[cursor]
end
local function amount_argument() return tonumber(argument()) end

local function correct(hash, width, slot, difference)
  local newest = advance(hash, math.floor(now / width))
  slot = math.min(slot, newest)
  if slot <= newest - slot_count then return end
  local name = 's:' .. text(slot)
  local change = math.max(difference, -field(hash, name))
  add(hash, name, change)
  add(hash, 'total', change)
end

local answer = {redis.call('GET', KEYS[3]), now, instances}
for i = 1, (#KEYS - 3) / 2 do
  local hash, holds = KEYS[2 * i + 2], KEYS[2 * i + 3]
  local kind, width, life = argument(), amount_argument(), argument()
  local known, limit = amount_argument(), amount_argument()
  local lease, wish, request = amount_argument(), amount_argument(), amount_argument()
  local spent = amount_argument()
  sweep(hash, holds)
  used_for_good(hash, kind, width, known)
  add(hash, 'spent', spent)
  for _ = 1, amount_argument() do
    local slot = amount_argument()
    correct(hash, width, slot, amount_argument())
  end
  for _ = 1, amount_argument() do
    local owner = argument()
    hold(hash, holds, owner, amount_argument(), now + hold_life)
  end
  hold(hash, holds, instance, lease, now + hold_life)
  local base = used_for_good(hash, kind, width, 0)
  local room = limit - base - field(hash, 'held')
      - math.max(64 * request * instances, math.floor(limit / 20))
  local granted = 0
  if room > 0 and wish > 0 then
    -- Half of an even share, so that everybody who asks finds something.
    granted = math.min(wish, math.floor(room / (2 * instances)))
    if granted > 0 then hold(hash, holds, instance, lease + granted, now + hold_life) end
  end
  answer[#answer + 1] = granted
  answer[#answer + 1] = room > 0 and 1 or 0
  answer[#answer + 1] = base
  answer[#answer + 1] = field(hash, 'held')
  keep(hash, holds, life)
end
redis.call('HSET', KEYS[1], 'batch', ARGV[2], 'answer', cmsgpack.pack(answer))
redis.call('PEXPIRE', KEYS[1], 3600000)
return answer
