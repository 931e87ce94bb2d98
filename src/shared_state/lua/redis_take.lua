-- Takes amounts from several meters, all or none.
-- KEYS: hash and sorted set of each meter.
-- ARGV: owner, microseconds a hold lives, then for each meter: kind, width of a slot, milliseconds
--       the keys live, known spent, amount, limit (negative: never refuses).
-- Gives {0, now, used for good and held of each meter before this take}, or
--       {index of the first that does not fit, now, used, microseconds until it would fit or 0}.

local owner, hold_life = ARGV[1], tonumber(ARGV[2])
local arguments = 6

local function wait_for(hash, width, excess)
  local newest = field(hash, 'newest')
  local names = slot_names(newest - slot_count + 1, newest)
  for i, amount in ipairs(redis.call('HMGET', hash, unpack(names))) do
    excess = excess - tonumber(amount or '0')
    if excess <= 0 then return math.max((newest + i) * width - now, 1) end
  end
  return 0
end

local answer = {0, now}
local taken = {}
for i = 1, #KEYS / 2 do
  local hash, holds, at = KEYS[2 * i - 1], KEYS[2 * i], 2 + (i - 1) * arguments
  local kind, width = ARGV[at + 1], tonumber(ARGV[at + 2])
  local amount, limit = tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
  sweep(hash, holds)
  local base = used_for_good(hash, kind, width, tonumber(ARGV[at + 4]))
  local held = field(hash, 'held')
  local used = base + held + (taken[hash] or 0)
  if limit >= 0 and used + amount > limit then
    local wait = 0
    if kind == 'window' and amount <= limit then
      wait = wait_for(hash, width, used + amount - limit)
    end
    return {i, now, used, wait}
  end
  taken[hash] = (taken[hash] or 0) + amount
  answer[#answer + 1] = base
  answer[#answer + 1] = held
end
for i = 1, #KEYS / 2 do
  local hash, holds, at = KEYS[2 * i - 1], KEYS[2 * i], 2 + (i - 1) * arguments
  local amount = tonumber(ARGV[at + 5])
  if ARGV[at + 1] == 'window' then
    add(hash, 's:' .. text(field(hash, 'newest')), amount)
    add(hash, 'total', amount)
  else
    hold(hash, holds, owner, field(hash, 'h:' .. owner) + amount, now + hold_life)
  end
  keep(hash, holds, ARGV[at + 3])
end
return answer
