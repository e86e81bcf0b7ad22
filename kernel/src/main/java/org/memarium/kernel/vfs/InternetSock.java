package org.memarium.kernel.vfs;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/**
 * {@code struct inet_sock}: one end of TCP or UDP. What it shares with the UNIX domain is what any
 * socket has: queues, buffers, wake-ups. Names and errors are its own.
 */
abstract sealed class InternetSock extends UnixSock permits TcpSock, UdpSock {
  private static final int SOL_SOCKET = 1;
  private static final int SO_REUSEADDR = 2;
  private static final int SO_REUSEPORT = 15;
  private static final int IPPROTO_IPV6 = 41;
  private static final int IPV6_V6ONLY = 26;
  private static final int LEVEL_SHIFT = 16;

  private static final int EXACT = 3;
  private static final int OWN_FAMILY = 2;
  private static final int BOTH_FAMILIES = 1;

  final InternetDomain ports;
  private final boolean six;

  /** What setsockopt set, by level and name. */
  private final Map<Integer, Integer> options = new TreeMap<>();

  /** Who made it. */
  private final int uid;

  /** The other end's address, or null. */
  @Nullable InternetAddress remote;

  /** SOCK_BINDPORT_LOCK is not set: nobody asked for the port that it has. */
  private boolean automatic;

  InternetSock(UnixDomain domain, InternetDomain ports, int type, boolean six, int uid)
      throws ErrnoException {
    super(domain, type);
    this.ports = ports;
    this.six = six;
    this.uid = uid;
  }

  boolean isSix() {
    return six;
  }

  int uid() {
    return uid;
  }

  @Nullable InternetAddress remote() {
    return remote;
  }

  // ---- Options ----

  int option(int level, int name, int otherwise) {
    return options.getOrDefault(level << LEVEL_SHIFT | name, otherwise);
  }

  void setOption(int level, int name, int value) {
    options.put(level << LEVEL_SHIFT | name, value);
  }

  /** {@code sk_clone}: an accepted end begins with its listener's options. */
  void inheritFrom(InternetSock listener) {
    options.putAll(listener.options);
    sendBufferBytes = listener.sendBufferBytes;
    receiveBufferBytes = listener.receiveBufferBytes;
  }

  // ---- Names ----

  @Override
  @Nullable InternetAddress address() {
    return (InternetAddress) super.address();
  }

  @Override
  SocketAddress ownName() {
    InternetAddress own = address();
    return own == null ? InternetAddress.any(six, 0) : own.as(six);
  }

  @Override
  @Nullable SocketAddress peerName() {
    InternetAddress there = remote;
    return state() == State.CONNECTED && there != null ? there.as(six) : null;
  }

  private boolean isOption(int level, int name) {
    return option(level, name, 0) != 0;
  }

  private boolean isOfIpv4(InternetAddress own) {
    return own.isMapped() || (six && own.isAny() && !isOption(IPPROTO_IPV6, IPV6_V6ONLY));
  }

  /** {@code inet_bind_conflict}: whether another keeps this one from an address. */
  boolean conflictsWith(InternetSock other, InternetAddress address) {
    InternetAddress theirs = other.address();
    if (other.equals(this) || theirs == null) {
      return false;
    }
    boolean reuse =
        isOption(SOL_SOCKET, SO_REUSEADDR)
            && other.isOption(SOL_SOCKET, SO_REUSEADDR)
            && other.state() != State.LISTENING;
    boolean share =
        isOption(SOL_SOCKET, SO_REUSEPORT)
            && other.isOption(SOL_SOCKET, SO_REUSEPORT)
            && uid == other.uid;
    boolean meet =
        (isOfIpv4(address) && other.isOfIpv4(theirs))
            || (!address.isMapped() && !theirs.isMapped());
    return !reuse
        && !share
        && meet
        && (address.isAny() || theirs.isAny() || address.isSameHost(theirs));
  }

  /** {@code compute_score}: how well it is meant by an address; 0: not at all. */
  int score(InternetAddress to) {
    InternetAddress own = address();
    if (own == null || (to.isMapped() ? !isOfIpv4(own) : own.isMapped())) {
      return 0;
    }
    if (own.isAny()) {
      return own.isMapped() == to.isMapped() ? OWN_FAMILY : BOTH_FAMILIES;
    }
    return own.isSameHost(to) ? EXACT : 0;
  }

  /**
   * The route to an address: there is none that leaves the machine.
   *
   * @return where it leads
   * @throws ErrnoException ENETUNREACH
   */
  InternetAddress route(InternetAddress to) throws ErrnoException {
    InternetAddress own = address();
    boolean away = own != null && !own.isAny() && own.isMapped() != to.isMapped();
    boolean foreign = to.isMapped() && six && isOption(IPPROTO_IPV6, IPV6_V6ONLY);
    if (away || foreign || (!to.isAny() && !to.isLoopback())) {
      throw new ErrnoException(Errno.ENETUNREACH);
    }
    return to.isAny() ? to.loopback() : to;
  }

  /** From where it speaks to an address. */
  InternetAddress sourceFor(InternetAddress to) {
    InternetAddress own = address();
    if (own == null) {
      throw new IllegalStateException("a socket without a port sends");
    }
    return own.isAny() ? to.loopback().at(own.port()) : own;
  }

  void boundAutomatically() {
    automatic = true;
  }

  void bindAnywhere() throws ErrnoException {
    if (address() == null) {
      ports.bindAnywhere(this);
      boundAutomatically();
    }
  }

  /** A port that nobody asked for is given back. */
  void unbindIfAutomatic() {
    if (automatic) {
      unbind();
      automatic = false;
    }
  }

  @Override
  void unbind() {
    InternetAddress own = address();
    if (own != null) {
      ports.leave(this, own.port());
      unnamed();
    }
  }

  /** {@code connect}, towards somebody, or null for nobody any more. */
  abstract long connect(@Nullable InternetAddress to, boolean nonBlocking) throws ErrnoException;
}
