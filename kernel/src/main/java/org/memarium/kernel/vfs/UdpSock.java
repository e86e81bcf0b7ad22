package org.memarium.kernel.vfs;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * {@code struct udp_sock} over {@code lo}: a message arrives at once, or is lost because its
 * receiver has no room; nobody waits to send. Linux {@code net/ipv4/udp.c}.
 */
final class UdpSock extends InternetSock {
  /** What is left of 65,535 bytes after the header of UDP, and after that of IPv4. */
  private static final int MAX_BYTES_6 = 65_527;

  private static final int MAX_BYTES = 65_507;

  /** From where the message that is being sent comes. */
  private @Nullable InternetAddress source;

  UdpSock(UnixDomain domain, InternetDomain ports, boolean six, int uid) throws ErrnoException {
    super(domain, ports, UnixSocket.DATAGRAM, six, uid);
  }

  @Override
  long connect(@Nullable InternetAddress to, boolean nonBlocking) throws ErrnoException {
    if (to == null) {
      remote = null;
      state = State.UNCONNECTED;
      unbindIfAutomatic();
      return 0;
    }
    InternetAddress there = route(to);
    bindAnywhere();
    bound(sourceFor(there), null);
    remote = there;
    state = State.CONNECTED;
    return 0;
  }

  /**
   * {@code udp_sendmsg}.
   *
   * @param to null: to whom it is connected
   * @return bytes, also of a message that is lost; {@code -errno}
   */
  long send(
      byte[] from, int offset, int count, SocketCredentials own, @Nullable InternetAddress to) {
    try {
      InternetAddress asked = to != null ? to : remote;
      if (asked == null) {
        return -Errno.EDESTADDRREQ;
      }
      if (asked.port() == 0) {
        return -Errno.EINVAL;
      }
      InternetAddress there = route(asked);
      if (count > (there.isMapped() ? MAX_BYTES : MAX_BYTES_6)) {
        return -Errno.EMSGSIZE;
      }
      if (error != 0) {
        return -takeError();
      }
      if ((shutdown & NO_MORE_SENDING) != 0) {
        return -Errno.EPIPE;
      }
      bindAnywhere();
      InternetAddress here = sourceFor(there);
      InternetSock receiver = ports.receiver(this, here, there);
      if (receiver == null) {
        unreachable(there);
        return count;
      }
      long waiting = receiver.received.stream().mapToLong(SocketBuffer::trueBytes).sum();
      if (waiting > receiver.receiveBufferBytes) {
        return count;
      }
      source = here.as(receiver.isSix());
      long given = give(receiver, from, offset, count, own, List.of());
      // {@code skb_orphan}: over lo a message is its receiver's at once.
      sentBytes = 0;
      return given;
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  /** {@code ICMP_PORT_UNREACH} comes back, and is told to who speaks to that port alone. */
  private void unreachable(InternetAddress there) {
    InternetAddress only = remote;
    if (only != null && only.isSameHost(there) && only.port() == there.port()) {
      error = Errno.ECONNREFUSED;
      announce(Fcntl.POLLERR);
    }
  }

  @Override
  long sendMessage(
      byte[] from,
      int offset,
      int count,
      SocketCredentials own,
      List<OpenFile> files,
      @Nullable UnixSock to) {
    return send(from, offset, count, own, null);
  }

  @Override
  @Nullable SocketAddress nameInMessages() {
    return source;
  }

  @Override
  void sentIsGone(int trueBytes) {
    // It was not charged.
  }

  @Override
  WaitQueue sendQueue(@Nullable UnixSock to) {
    return queue;
  }

  @Override
  int receiveErrno() {
    return takeError();
  }

  @Override
  long shutdown(int how) {
    shutdown |= how;
    announce(Fcntl.POLLIN | Fcntl.POLLRDNORM | Fcntl.POLLRDHUP);
    return state == State.CONNECTED ? 0 : -Errno.ENOTCONN;
  }

  @Override
  void release() {
    dead = true;
    unbind();
    while (!received.isEmpty()) {
      received.remove().free();
    }
    freeSlot();
  }
}
