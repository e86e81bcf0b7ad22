# Documents of very different sizes come, are cut up, joined and copied, and go again.
import random

random.seed(20260101)
letters = "".join(random.choices("abcdefghijklmnopqrstuvwxyz ", k=20000))
shelf, longest = {}, 0
for number in range(8000):
    start = random.randrange(10000)
    length = int(random.paretovariate(1.1) * 300) % 9000
    text = letters[start:start + length]
    if number % 16 == 0:
        shelf[number] = text.split()
    elif number % 7 == 0:
        shelf[number] = (text + letters[:700]).upper().encode()
    elif number % 50 == 1:
        shelf[number] = list(range(length // 4))
    else:
        shelf[number] = text
    # Most go soon, some late, a few stay.
    shelf.pop(number - 30 - int(random.paretovariate(0.9) * 20), None)
    longest = max(longest, len(shelf.get(number - 30, "")))
print(len(shelf), longest)
