package org.memarium.kernel.vfs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * The ports of a machine, and who is bound to them: its whole network, which is {@code lo} alone.
 * Linux {@code net/ipv4/inet_hashtables.c}, {@code inet_connection_sock.c} and {@code udp.c}.
 */
final class InternetDomain {
  /** {@code ip_local_port_range}. */
  private static final int FIRST_FREE_PORT = 32_768;

  private static final int LAST_FREE_PORT = 60_999;

  /** {@code ip_unprivileged_port_start}. */
  private static final int PRIVILEGED_PORTS = 1024;

  /** By port, in the order in which they were bound; looked up, never listed. */
  private final Map<Integer, List<InternetSock>> streams = new HashMap<>();

  private final Map<Integer, List<InternetSock>> datagrams = new HashMap<>();
  private int nextFree = FIRST_FREE_PORT;

  private Map<Integer, List<InternetSock>> ports(InternetSock sock) {
    return sock.isDatagram() ? datagrams : streams;
  }

  private List<InternetSock> at(InternetSock sock, int port) {
    return ports(sock).getOrDefault(port, List.of());
  }

  /**
   * {@code inet_bind}.
   *
   * @param address with port 0: any that is free
   */
  void bind(InternetSock sock, InternetAddress address, int uid) throws ErrnoException {
    if (!address.isAny() && !address.isLoopback()) {
      throw new ErrnoException(Errno.EADDRNOTAVAIL);
    }
    if (address.port() != 0 && address.port() < PRIVILEGED_PORTS && uid != 0) {
      throw new ErrnoException(Errno.EACCES);
    }
    if (sock.address() != null || sock.state() != UnixSock.State.UNCONNECTED) {
      throw new ErrnoException(Errno.EINVAL);
    }
    if (address.port() == 0) {
      enter(sock, address.at(freePort(sock)));
      sock.boundAutomatically();
    } else if (at(sock, address.port()).stream().anyMatch(o -> sock.conflictsWith(o, address))) {
      throw new ErrnoException(Errno.EADDRINUSE);
    } else {
      enter(sock, address);
    }
  }

  /** {@code inet_autobind}, if it is not bound yet: any port, every address. */
  void bindAnywhere(InternetSock sock) throws ErrnoException {
    if (sock.address() == null) {
      enter(sock, InternetAddress.any(sock.isSix(), freePort(sock)));
    }
  }

  /** Bound it is, whoever else is there: also an accepted end, at its listener's port. */
  void enter(InternetSock sock, InternetAddress address) {
    sock.bound(address, null);
    ports(sock).computeIfAbsent(address.port(), _ -> new ArrayList<>(1)).add(sock);
  }

  void leave(InternetSock sock, int port) {
    List<InternetSock> there = ports(sock).get(port);
    if (there != null) {
      there.remove(sock);
      if (there.isEmpty()) {
        ports(sock).remove(port);
      }
    }
  }

  private int freePort(InternetSock sock) throws ErrnoException {
    for (int i = FIRST_FREE_PORT; i <= LAST_FREE_PORT; i++) {
      int port = nextFree;
      nextFree = port == LAST_FREE_PORT ? FIRST_FREE_PORT : port + 1;
      if (!ports(sock).containsKey(port)) {
        return port;
      }
    }
    throw new ErrnoException(Errno.EADDRINUSE);
  }

  /** Whether somebody else may be asked by the same connections as this one. */
  boolean hasOtherListener(InternetSock sock, InternetAddress address) {
    return at(sock, address.port()).stream()
        .anyMatch(other ->
            !other.equals(sock)
                && other.state() == UnixSock.State.LISTENING
                && sock.conflictsWith(other, address));
  }

  /** {@code inet_lookup_listener}: an exact address goes before every address. */
  @Nullable InternetSock listener(InternetSock asking, InternetAddress to) {
    InternetSock best = null;
    int bestScore = 0;
    for (InternetSock sock : at(asking, to.port())) {
      int score = sock.state() == UnixSock.State.LISTENING ? sock.score(to) : 0;
      if (score > bestScore) {
        best = sock;
        bestScore = score;
      }
    }
    return best;
  }

  /** {@code udp4_lib_lookup2}: who is connected to the sender goes before all others. */
  @Nullable InternetSock receiver(InternetSock sender, InternetAddress from, InternetAddress to) {
    InternetSock best = null;
    int bestScore = 0;
    for (InternetSock sock : at(sender, to.port())) {
      int score = sock.score(to);
      InternetAddress remote = sock.remote();
      if (remote != null) {
        boolean same = remote.isSameHost(from) && remote.port() == from.port();
        score = score > 0 && same ? score + 4 : 0;
      }
      if (score > bestScore) {
        best = sock;
        bestScore = score;
      }
    }
    return best;
  }
}
