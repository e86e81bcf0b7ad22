package org.memarium.kernel.syscall;

import java.util.Set;
import org.memarium.kernel.vfs.UnixSocket;

/**
 * Options of sockets of TCP, UDP and IP. On an interface that loses and delays nothing they change
 * next to nothing: they are remembered, and told.
 */
final class InternetOptions {
  static final int SOL_SOCKET = 1;
  private static final int IPPROTO_IP = 0;
  private static final int IPPROTO_TCP = 6;
  private static final int IPPROTO_UDP = 17;
  private static final int IPPROTO_IPV6 = 41;

  /** Of SOL_SOCKET: those that are a number which the kernel just keeps. */
  private static final Set<Integer> KEPT = Set.of(2, 5, 6, 9, 10, 12, 15);

  private static final int SO_PRIORITY = 12;
  private static final int IP_TTL = 2;
  private static final int IPV6_UNICAST_HOPS = 16;
  private static final int IPV6_TCLASS = 67;
  private static final int DEFAULT_HOPS = 64;
  private static final int TCP_NODELAY = 1;
  private static final int TCP_CORK = 3;
  private static final int TCP_MAXSEG = 2;
  private static final int TCP_KEEPIDLE = 4;
  private static final int TCP_KEEPINTVL = 5;
  private static final int TCP_KEEPCNT = 6;
  private static final int TCP_SYNCNT = 7;
  private static final int TCP_QUICKACK = 12;

  /** TCP_NODELAY to TCP_QUICKACK, TCP_USER_TIMEOUT, TCP_FASTOPEN; without TCP_INFO. */
  private static final Set<Integer> TCP = Set.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 18, 23);

  /** IP_TOS, IP_TTL, IP_RECVERR, IP_MTU_DISCOVER, IP_FREEBIND, IP_BIND_ADDRESS_NO_PORT. */
  private static final Set<Integer> IP = Set.of(1, 2, 10, 11, 15, 24);

  /** IPV6_UNICAST_HOPS, IPV6_MTU_DISCOVER, IPV6_RECVERR, IPV6_V6ONLY, IPV6_TCLASS. */
  private static final Set<Integer> IPV6 = Set.of(16, 23, 25, 26, 67);

  private InternetOptions() {}

  /** Whether a level, and a name of it, is one that is kept. */
  static boolean isKept(UnixSocket socket, int level, int name) {
    if (!socket.isInternet()) {
      return false;
    }
    boolean stream = socket.type() == UnixSocket.STREAM;
    return switch (level) {
      case SOL_SOCKET -> KEPT.contains(name);
      case IPPROTO_IP -> IP.contains(name);
      case IPPROTO_TCP -> stream && TCP.contains(name);
      case IPPROTO_IPV6 -> socket.isSix() && IPV6.contains(name);
      default -> false;
    };
  }

  /** SO_PROTOCOL. */
  static int protocol(UnixSocket socket) {
    if (!socket.isInternet()) {
      return 0;
    }
    return socket.type() == UnixSocket.STREAM ? IPPROTO_TCP : IPPROTO_UDP;
  }

  /** What an option is that nobody has set. */
  static int initial(int level, int name) {
    if (level == IPPROTO_TCP) {
      return switch (name) {
        case TCP_MAXSEG -> 536;
        case TCP_KEEPIDLE -> 7200;
        case TCP_KEEPINTVL -> 75;
        case TCP_KEEPCNT -> 9;
        case TCP_SYNCNT -> 6;
        case TCP_QUICKACK -> 1;
        default -> 0;
      };
    }
    if ((level == IPPROTO_IP && name == IP_TTL)
        || (level == IPPROTO_IPV6 && name == IPV6_UNICAST_HOPS)) {
      return DEFAULT_HOPS;
    }
    return 0;
  }

  /** What is told of a number that was set: on and off are one bit. */
  static int kept(int level, int name, int number) {
    boolean isNumber =
        (level == SOL_SOCKET && name == SO_PRIORITY)
            || (level == IPPROTO_TCP
                && name != TCP_NODELAY
                && name != TCP_CORK
                && name != TCP_QUICKACK)
            || (level == IPPROTO_IP && name <= IP_TTL)
            || (level == IPPROTO_IPV6 && (name == IPV6_UNICAST_HOPS || name == IPV6_TCLASS));
    return isNumber || number == 0 ? number : 1;
  }
}
