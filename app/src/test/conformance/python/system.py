#!/usr/bin/python3 -u
import mmap, os, select, shutil, signal, socket, subprocess, sys, tempfile, threading, time
print(subprocess.run(["sh", "-c", "echo child; cat; exit 3"], input=b"to stdin", capture_output=True))
print(subprocess.check_output("seq 3 | wc -l", shell=True))
pid = os.fork()
if pid == 0: os._exit(17)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
r, w = os.pipe(); os.write(w, b"x" * 100); os.close(w); print(len(os.read(r, 1000)), os.read(r, 10))
counter = 0; lock = threading.Lock()
def work():
    global counter
    for _ in range(2000):
        with lock: counter += 1
ts = [threading.Thread(target=work) for _ in range(4)]
[t.start() for t in ts]; [t.join() for t in ts]; print(counter)
a, b = socket.socketpair(); a.sendall(b"over a socket"); print(b.recv(100)); a.close(); print(b.recv(1))
got = []
signal.signal(signal.SIGALRM, lambda n, f: got.append(n)); signal.setitimer(signal.ITIMER_REAL, 0.01)
while not got: time.sleep(0.005)
print(got)
m = mmap.mmap(-1, 8192); m[5000:5005] = b"pages"; print(m[4998:5007]); m.close()
with open("f", "wb") as f: f.truncate(10000)
with open("f", "r+b") as f:
    m = mmap.mmap(f.fileno(), 0); m[9000:9003] = b"map"; m.flush(); m.close()
print(open("f", "rb").read()[8999:9004], os.stat("f").st_size)
os.makedirs("d/e"); os.symlink("../f", "d/l"); os.link("f", "d/h"); print(sorted(os.listdir("d")), os.readlink("d/l"), os.stat("f").st_nlink)
print([sorted(x[2]) for x in os.walk("d")], shutil.copy("d/l", "copy"), os.path.getsize("copy"))
os.rename("copy", "moved"); os.chmod("moved", 0o640); print(oct(os.stat("moved").st_mode))
try: open("/none/x")
except OSError as e: print(e.errno, e.strerror)
p = select.poll(); r, w = os.pipe(); p.register(r, select.POLLIN); print(p.poll(1)); os.write(w, b"1"); print(len(p.poll(1)))
e = select.epoll(); e.register(r, select.EPOLLIN | select.EPOLLET); print(len(e.poll(1)), e.poll(0.001))
q = subprocess.Popen(["sleep", "10"]); q.terminate(); print(q.wait())
ev = threading.Event(); threading.Timer(0.01, ev.set).start(); print(ev.wait(5))
with tempfile.TemporaryDirectory() as t: open(t + "/x", "w").close(); print(os.listdir(t))
os.execv("/bin/sh", ["sh", "-c", "echo replaced; exit 4"])
