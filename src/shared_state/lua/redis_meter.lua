-- What take and sync share; stands before each of them.
--
-- A meter is a hash and a sorted set. The hash holds
--   spent            money: spent for good
--   total, newest    window: amount inside, and the slot of the latest time seen
--   s:<slot>         window: amount of one slot; slot = microseconds / width, 128 of them count
--   held, h:<owner>  amounts held, together and by owner (a request, or an instance's lease)
-- The sorted set holds the owners by the time at which they are taken for dead.
-- Times are microseconds of this server.

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local slot_count = 128

local function text(number) return string.format('%.0f', number) end

local function field(hash, name) return tonumber(redis.call('HGET', hash, name) or '0') end

local function add(hash, name, amount)
  if amount ~= 0 then redis.call('HINCRBY', hash, name, text(amount)) end
end

-- Makes `owner` hold exactly `amount`, until `expiry`.
local function hold(hash, holds, owner, amount, expiry)
  local name = 'h:' .. owner
  add(hash, 'held', amount - field(hash, name))
  if amount == 0 then
    redis.call('HDEL', hash, name)
    redis.call('ZREM', holds, owner)
  else
    redis.call('HSET', hash, name, text(amount))
    redis.call('ZADD', holds, text(expiry), owner)
  end
end

-- Frees what the dead hold.
local function sweep(hash, holds)
  local dead = redis.call('ZRANGEBYSCORE', holds, '-inf', text(now), 'LIMIT', 0, 1000)
  for _, owner in ipairs(dead) do hold(hash, holds, owner, 0, 0) end
end

local function slot_names(first, last)
  local names = {}
  for slot = first, last do names[#names + 1] = 's:' .. text(slot) end
  return names
end

local function drop_slots(hash, first, last)
  local names = slot_names(first, last)
  local gone = 0
  for _, amount in ipairs(redis.call('HMGET', hash, unpack(names))) do
    gone = gone + tonumber(amount or '0')
  end
  redis.call('HDEL', hash, unpack(names))
  add(hash, 'total', -gone)
end

-- Moves a window to `slot` and drops what has left. A clock that goes back stands still, or, by
-- more than the whole window, begins anew. Gives the newest slot.
local function advance(hash, slot)
  local newest = tonumber(redis.call('HGET', hash, 'newest') or '-1')
  if slot <= newest and newest - slot < slot_count then return newest end
  if newest < 0 then
    redis.call('HSET', hash, 'newest', text(slot))
    return slot
  end
  local oldest = newest - slot_count + 1
  if slot < newest then
    drop_slots(hash, oldest, newest)
  else
    drop_slots(hash, oldest, math.min(slot - slot_count, newest))
  end
  redis.call('HSET', hash, 'newest', text(slot))
  return slot
end

-- What is used for good: inside the window, or spent. `known` is a least amount spent that somebody
-- remembers: it counts when this server has lost its memory.
local function used_for_good(hash, kind, width, known)
  if kind == 'window' then
    advance(hash, math.floor(now / width))
    return field(hash, 'total')
  end
  if kind == 'slots' then return 0 end
  local spent = field(hash, 'spent')
  if known > spent then
    redis.call('HSET', hash, 'spent', text(known))
    return known
  end
  return spent
end

local function keep(hash, holds, life)
  redis.call('PEXPIRE', hash, life)
  redis.call('PEXPIRE', holds, life)
end
