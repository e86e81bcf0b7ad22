#!/usr/bin/python3
import collections, dataclasses, functools, hashlib, itertools, json, math, re, struct, sys
print(sys.version_info[0], sum(i * i for i in range(10000)), 2 ** 200, -7 // 2, -7 % 3)
print(json.dumps({"a": [1, 2.5, None, True], "b": {"c": "ü"}}, sort_keys=True), json.loads("[1e3, \"x\"]"))
print(re.sub(r"(\w+) (\w+)", r"\2 \1", "hello world"), re.findall(r"\d+", "a1b22c333"))
print(hashlib.sha256(b"memory").hexdigest(), hashlib.md5(b"x" * 1000).hexdigest())
print(struct.pack("<iqd", 1, 2, 3.5).hex(), math.pi, math.sqrt(2), math.exp(1), math.sin(1e6))
print(sorted(collections.Counter("mississippi").items()), list(itertools.permutations("abc", 2))[:3])
@functools.lru_cache(None)
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(80))
@dataclasses.dataclass(order=True)
class Point:
    x: int
    y: float = 0.5
print(sorted([Point(3), Point(1, 2.0)]), f"{3.14159:8.3f}|{255:#x}|{'s':>5}")
def gen():
    got = yield 1
    yield got * 2
g = gen(); print(next(g), g.send(21))
try:
    [][1]
except IndexError as e:
    print("caught", e)
with open("file.txt", "w") as f:
    for i in range(100): print(i, file=f)
print(sum(map(int, open("file.txt"))), repr(0.1 + 0.2), 1e22, float("inf"), round(2.675, 2))
print({x % 7 for x in range(100)} == set(range(7)), [*range(3)], {**{"a": 1}, "b": 2})
async def co(): return 5
import asyncio
async def main():
    r = await asyncio.gather(co(), co(), asyncio.sleep(0.01, 7))
    print(r)
asyncio.run(main())
print(sum(1 for n in range(2, 2000) if all(n % d for d in range(2, int(n ** 0.5) + 1))))
sys.exit(9)
