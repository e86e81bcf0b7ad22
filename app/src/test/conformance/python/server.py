#!/usr/bin/python3 -u
import array, concurrent.futures, multiprocessing, os, queue, selectors, signal, socket, socketserver, threading, time
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile: self.wfile.write(line.upper())
server = socketserver.ThreadingUnixStreamServer("/tmp/s", Handler)
threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
def client(n):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect("/tmp/s"); f = s.makefile("rw"); total = []
        for i in range(5): f.write(f"client {n} line {i}\n"); f.flush(); total.append(f.readline())
        return total[-1].strip()
with concurrent.futures.ThreadPoolExecutor(4) as pool: print(list(pool.map(client, range(6))))
server.shutdown(); server.server_close()
def work(q, n): q.put(n * n)
context = multiprocessing.get_context("fork"); q = context.SimpleQueue()
ps = [context.Process(target=work, args=(q, i)) for i in range(4)]
[p.start() for p in ps]; print(sorted(q.get() for _ in ps)); [p.join() for p in ps]; print([p.exitcode for p in ps])
a, b = socket.socketpair(); r, w = os.pipe(); socket.send_fds(a, [b"here"], [w]); m, fds, _, _ = socket.recv_fds(b, 10, 1)
os.write(fds[0], b"passed on"); print(m, os.read(r, 100))
s = selectors.DefaultSelector(); s.register(b, selectors.EVENT_READ); print(len(s.select(0))); a.send(b"x"); print(len(s.select(1)))
z = queue.Queue(2); t = threading.Thread(target=lambda: [z.put(i) for i in range(10)]); t.start(); print([z.get() for _ in range(10)]); t.join()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]); signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
print(signal.sigpending() == {signal.SIGUSR1}, signal.sigwait([signal.SIGUSR1]) == signal.SIGUSR1, signal.sigtimedwait([signal.SIGUSR1], 0.01))
b = threading.Barrier(3); ts = [threading.Thread(target=b.wait) for _ in range(2)]; [t.start() for t in ts]; print(b.wait() in range(3)); [t.join() for t in ts]
pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 6"], {}); print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
fd = os.memfd_create("m"); os.write(fd, b"in memory"); print(os.pread(fd, 4, 3), os.sysconf("SC_PAGE_SIZE"), os.get_inheritable(fd))
