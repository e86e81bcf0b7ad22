package org.memarium.kernel.vfs;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * What all sockets of a machine share: the names that they are bound to, and the open files that
 * are on their way through them; Linux {@code net/unix/af_unix.c} and {@code garbage.c}.
 */
final class UnixDomain {
  /** Numbers of {@code unix_autobind} have five hexadecimal digits. */
  private static final int AUTOMATIC_NAMES = 1 << 20;

  private final VfsCaches caches;
  private final Map<UnixAddress, UnixSock> abstractNames = new HashMap<>();

  /** By the inode of the socket's file; looked up, never listed. */
  private final IdentityHashMap<Inode, UnixSock> files = new IdentityHashMap<>();

  /** Open files in buffers that nobody has received, and how often each. */
  private final Map<OpenFile, Integer> inFlight = new LinkedHashMap<>();

  private int lastAutomatic;
  private boolean collecting;

  UnixDomain(VfsCaches caches) {
    this.caches = caches;
  }

  VfsCaches caches() {
    return caches;
  }

  // ---- Names ----

  /** {@code unix_bind_abstract}. */
  void bind(UnixSock sock, UnixAddress name) throws ErrnoException {
    if (abstractNames.putIfAbsent(name, sock) != null) {
      throw new ErrnoException(Errno.EADDRINUSE);
    }
    sock.bound(name, null);
  }

  /** {@code unix_autobind}: the next name that is free. */
  void bindAnywhere(UnixSock sock) throws ErrnoException {
    for (int i = 0; i < AUTOMATIC_NAMES; i++) {
      lastAutomatic = (lastAutomatic + 1) % AUTOMATIC_NAMES;
      UnixAddress name = UnixAddress.automatic(lastAutomatic);
      if (!abstractNames.containsKey(name)) {
        bind(sock, name);
        return;
      }
    }
    throw new ErrnoException(Errno.ENOSPC);
  }

  /** {@code unix_bind_bsd}: the socket's file has been made. */
  void bind(UnixSock sock, UnixAddress path, Dentry file) {
    files.put(file.inode(), sock);
    sock.bound(path, file);
  }

  void unbind(UnixSock sock, @Nullable SocketAddress name, @Nullable Dentry file) {
    if (file != null) {
      files.remove(file.inode(), sock);
      file.release();
    } else if (name instanceof UnixAddress bound) {
      abstractNames.remove(bound, sock);
    }
  }

  /** Who is bound to an abstract name, or null. */
  @Nullable UnixSock find(UnixAddress name) {
    return abstractNames.get(name);
  }

  /** Who is bound to a socket's file, or null. */
  @Nullable UnixSock find(Inode file) {
    return files.get(file);
  }

  /** The files that sockets are bound to, which hold their entries in the tree. */
  void forEachBoundFile(java.util.function.Consumer<Dentry> consumer) {
    files
        .values()
        .forEach(sock -> {
          Dentry file = sock.boundTo();
          if (file != null) {
            consumer.accept(file);
          }
        });
  }

  // ---- Files in flight ----

  /** {@code unix_inflight}: these are in a buffer now; whoever put them there holds them. */
  void inFlight(List<OpenFile> sent) {
    sent.forEach(file -> inFlight.merge(file, 1, Integer::sum));
  }

  /** {@code unix_notinflight}: somebody has received them. */
  void landed(List<OpenFile> received) {
    received.forEach(file -> inFlight.computeIfPresent(file, (f, n) -> n == 1 ? null : n - 1));
  }

  /** The buffer that they were in is gone: they are closed. */
  void release(List<OpenFile> lost) {
    landed(lost);
    lost.forEach(OpenFile::release);
  }

  /** Every file in flight. */
  Set<OpenFile> filesInFlight() {
    return inFlight.keySet();
  }

  /**
   * {@code unix_gc}: sockets that are held by nothing but buffers which nobody can receive, because
   * they lie in each other's queues, are closed.
   */
  void collectGarbage() {
    if (collecting || inFlight.isEmpty()) {
      return;
    }
    collecting = true;
    try {
      for (UnixSocket socket : unreachable()) {
        while (!socket.sock().received().isEmpty()) {
          socket.sock().dropFirst();
        }
      }
    } finally {
      collecting = false;
    }
  }

  private List<UnixSocket> unreachable() {
    // Candidates have no holder but buffers. One that lies in a queue of what is no candidate can
    // be received, and so can all that lies in its own queue.
    Map<UnixSocket, Integer> fromCandidates = new LinkedHashMap<>();
    inFlight.forEach((file, count) -> {
      if (file instanceof UnixSocket socket && socket.references() == count) {
        fromCandidates.put(socket, 0);
      }
    });
    for (UnixSocket candidate : fromCandidates.keySet()) {
      for (OpenFile file : filesIn(candidate.sock())) {
        if (file instanceof UnixSocket socket) {
          fromCandidates.computeIfPresent(socket, (s, n) -> n + 1);
        }
      }
    }
    Deque<UnixSocket> live = new ArrayDeque<>();
    fromCandidates.forEach((socket, count) -> {
      if (count < socket.references()) {
        live.add(socket);
      }
    });
    Set<UnixSocket> garbage = new LinkedHashSet<>(fromCandidates.keySet());
    while (!live.isEmpty()) {
      UnixSocket reached = live.remove();
      if (garbage.remove(reached)) {
        for (OpenFile file : filesIn(reached.sock())) {
          if (file instanceof UnixSocket socket) {
            live.add(socket);
          }
        }
      }
    }
    return List.copyOf(garbage);
  }

  /** What waits in a socket's queue, and in those of the ends that it has not accepted. */
  private static List<OpenFile> filesIn(UnixSock sock) {
    List<OpenFile> found = new ArrayList<>();
    sock.received().forEach(buffer -> found.addAll(buffer.files()));
    sock.backlog().forEach(embryo -> found.addAll(filesIn(embryo)));
    return found;
  }
}
