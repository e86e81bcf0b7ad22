#!/usr/bin/python3
import sqlite3, zlib, bz2, lzma, csv, io, decimal, fractions, datetime, textwrap, random
c = sqlite3.connect("py.db"); c.execute("create table t(a, b)"); c.executemany("insert into t values (?, ?)", [(i, str(i) * 3) for i in range(500)]); c.commit()
print(c.execute("select count(*), sum(a), max(b) from t where a % 7 = 0").fetchone()); c.close()
d = b"compress me " * 1000
for m in zlib, bz2, lzma: print(m.__name__, len(m.compress(d)), m.decompress(m.compress(d)) == d)
o = io.StringIO(); csv.writer(o).writerows([[1, "a,b"], [2, 'q"q']]); print(o.getvalue())
print(decimal.Decimal(1) / 7, fractions.Fraction(3, 7) + 1, datetime.date(2024, 2, 29) + datetime.timedelta(365))
random.seed(42); print(random.random(), random.sample(range(100), 5)); print(textwrap.fill("word " * 30, 40))
