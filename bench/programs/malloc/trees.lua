-- Trees grow, are written out as strings, and are dropped; some stay.
local state = 20260101
local function random(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return state // 65536 % n
end
local function grow(depth)
  if depth == 0 or random(8) == 0 then return { name = "leaf" .. random(100000) } end
  local node = { name = "node" .. depth, size = depth }
  for i = 1, 1 + random(4) do node[i] = grow(depth - 1) end
  return node
end
local function text(node)
  local parts = { node.name }
  for i = 1, #node do parts[#parts + 1] = text(node[i]) end
  return "(" .. table.concat(parts, " ") .. ")"
end
local kept, length = {}, 0
for round = 1, 60 do
  local tree = grow(6)
  length = length + #text(tree)
  if round % 2 == 0 then kept[#kept + 1] = tree end
end
print(#kept, length)
