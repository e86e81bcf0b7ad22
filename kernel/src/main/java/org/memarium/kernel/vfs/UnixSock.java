package org.memarium.kernel.vfs;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * {@code struct unix_sock}: one end of a conversation in the UNIX domain; Linux {@code
 * net/unix/af_unix.c}. What it sends lies in its peer's queue.
 *
 * <p>A listening one has ends in its backlog that connect(2) made and nobody has accepted: they
 * have no file yet. Sockets of the Internet are made of the same parts.
 */
sealed class UnixSock permits InternetSock {
  enum State {
    UNCONNECTED,
    LISTENING,
    CONNECTED
  }

  /** RCV_SHUTDOWN, SEND_SHUTDOWN. */
  static final int NO_MORE_RECEIVING = 1;

  static final int NO_MORE_SENDING = 2;
  private static final int CLOSED = NO_MORE_RECEIVING | NO_MORE_SENDING;

  /** {@code sysctl_max_dgram_qlen}. */
  private static final int DATAGRAM_BACKLOG = 10;

  /** {@code sysctl_wmem_default}: 256 buffers of 256 bytes with all that they cost. */
  private static final int BUFFER_BYTES = 180_224;

  private static final int WIDE_BUFFER_BYTES = 212_992;

  /** Of a send buffer, what one message can never have. */
  private static final int DATAGRAM_OVERHEAD_BYTES = 32;

  /** The most of a stream that lies in one piece. */
  private static final int MAX_PIECE_BYTES = 32 << 10;

  private static final int READABLE = Fcntl.POLLIN | Fcntl.POLLRDNORM;
  private static final int WRITABLE = Fcntl.POLLOUT | Fcntl.POLLWRNORM | Fcntl.POLLWRBAND;

  private final UnixDomain domain;
  private final int type;
  private final long slot;
  State state = State.UNCONNECTED;
  @Nullable UnixSock peer;
  private @Nullable SocketAddress address;

  /** The socket's file in the tree, if it is bound to a path: its inode finds it. */
  private @Nullable Dentry boundTo;

  final Deque<SocketBuffer> received = new ArrayDeque<>();
  final Deque<UnixSock> backlog = new ArrayDeque<>();
  int backlogLimit = DATAGRAM_BACKLOG;

  /** Datagram sockets that are connected to this one. */
  private final List<UnixSock> clients = new ArrayList<>(0);

  int shutdown;
  int error;
  boolean dead;
  private SocketCredentials peerCredentials = SocketCredentials.NOBODY;

  /** {@code sk_wmem_alloc}: bytes that were sent, and not received yet. */
  long sentBytes;

  int sendBufferBytes;
  int receiveBufferBytes;

  /** {@code sk_wq}: those who wait for anything of this socket. */
  final WaitQueue queue = new WaitQueue();

  /** {@code peer_wait}: senders, until the queue has room. */
  final WaitQueue roomWait = new WaitQueue();

  /**
   * {@code unix_create1}.
   *
   * @throws ErrnoException ENOMEM
   */
  UnixSock(UnixDomain domain, int type) throws ErrnoException {
    this.domain = domain;
    this.type = type;
    this.slot = VfsCaches.alloc(domain.caches().unixSock);
    boolean wide = domain.caches().wordBytes() == Long.BYTES;
    sendBufferBytes = wide ? WIDE_BUFFER_BYTES : BUFFER_BYTES;
    receiveBufferBytes = sendBufferBytes;
  }

  UnixDomain domain() {
    return domain;
  }

  VfsCaches caches() {
    return domain.caches();
  }

  int type() {
    return type;
  }

  State state() {
    return state;
  }

  @Nullable UnixSock peer() {
    return peer;
  }

  @Nullable SocketAddress address() {
    return address;
  }

  /** What getsockname tells; null: no name. */
  @Nullable SocketAddress ownName() {
    return address;
  }

  /** What getpeername tells; null: no name. */
  @Nullable SocketAddress peerName() {
    return peer == null ? null : peer.address;
  }

  /** Whose a message is that goes out now; null: nobody's with a name. */
  @Nullable SocketAddress nameInMessages() {
    return address;
  }

  SocketCredentials peerCredentials() {
    return peerCredentials;
  }

  boolean isDatagram() {
    return type == UnixSocket.DATAGRAM;
  }

  Deque<SocketBuffer> received() {
    return received;
  }

  Deque<UnixSock> backlog() {
    return backlog;
  }

  /** SO_ERROR: what went wrong, once. */
  int takeError() {
    int taken = error;
    error = 0;
    return taken;
  }

  // ---- Names ----

  void bound(SocketAddress name, @Nullable Dentry file) {
    address = name;
    boundTo = file;
    if (file != null) {
      file.hold();
    }
  }

  void unnamed() {
    address = null;
  }

  /** Its name is free for others. */
  void unbind() {
    domain.unbind(this, address, boundTo);
  }

  @Nullable Dentry boundTo() {
    return boundTo;
  }

  // ---- Connecting ----

  /** socketpair(2), and the two ends of an accepted connection. */
  void join(UnixSock other, SocketCredentials own, SocketCredentials others) {
    peer = other;
    other.peer = this;
    state = State.CONNECTED;
    other.state = State.CONNECTED;
    peerCredentials = others;
    other.peerCredentials = own;
  }

  /** {@code unix_listen}. */
  void listen(int most, SocketCredentials own) throws ErrnoException {
    if (isDatagram()) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
    if (address == null || state == State.CONNECTED) {
      throw new ErrnoException(Errno.EINVAL);
    }
    if (most > backlogLimit) {
      roomWait.wakeUpAll();
    }
    backlogLimit = most;
    state = State.LISTENING;
    peerCredentials = own;
  }

  /**
   * {@code unix_stream_connect}: puts the other end into the listener's backlog.
   *
   * @return 0, or {@link OpenFile#WOULD_BLOCK} if the backlog is full
   */
  long connectTo(UnixSock listener, SocketCredentials own) throws ErrnoException {
    if (listener.state != State.LISTENING
        || (listener.shutdown & NO_MORE_RECEIVING) != 0
        || listener.dead) {
      throw new ErrnoException(Errno.ECONNREFUSED);
    }
    if (listener.backlog.size() > listener.backlogLimit) {
      return OpenFile.WOULD_BLOCK;
    }
    if (state != State.UNCONNECTED) {
      throw new ErrnoException(state == State.CONNECTED ? Errno.EISCONN : Errno.EINVAL);
    }
    UnixSock embryo = new UnixSock(domain, type);
    embryo.address = listener.address;
    join(embryo, own, listener.peerCredentials);
    listener.backlog.add(embryo);
    listener.announce(READABLE | Fcntl.POLLRDBAND);
    return 0;
  }

  /** {@code unix_accept}: the next end of the backlog; null if there is none. */
  @Nullable UnixSock accept() throws ErrnoException {
    if (isDatagram()) {
      throw new ErrnoException(Errno.EOPNOTSUPP);
    }
    if (state != State.LISTENING) {
      throw new ErrnoException(Errno.EINVAL);
    }
    UnixSock next = backlog.poll();
    if (next != null) {
      roomWait.wakeUp(WRITABLE, Integer.MAX_VALUE);
    } else if ((shutdown & NO_MORE_RECEIVING) != 0) {
      throw new ErrnoException(Errno.EINVAL);
    }
    return next;
  }

  /** {@code unix_dgram_connect}: where what is sent goes from now on; null: nowhere. */
  void setPeer(@Nullable UnixSock other) throws ErrnoException {
    if (other != null && !other.accepts(this)) {
      throw new ErrnoException(Errno.EPERM);
    }
    if (peer != null) {
      peer.clients.remove(this);
    }
    peer = other;
    state = other == null ? State.UNCONNECTED : State.CONNECTED;
    if (other != null) {
      other.clients.add(this);
    }
  }

  /** {@code unix_may_send}: one that is connected hears its peer alone. */
  private boolean accepts(UnixSock sender) {
    return peer == null || peer.equals(sender);
  }

  /**
   * shutdown(2).
   *
   * @param how NO_MORE_RECEIVING, NO_MORE_SENDING or both
   */
  long shutdown(int how) {
    shutdown |= how;
    UnixSock other = peer;
    if (other != null && !isDatagram()) {
      int theirs =
          ((how & NO_MORE_RECEIVING) != 0 ? NO_MORE_SENDING : 0)
              | ((how & NO_MORE_SENDING) != 0 ? NO_MORE_RECEIVING : 0);
      other.shutdown |= theirs;
      other.announce(other.shutdown == CLOSED ? Fcntl.POLLHUP : READABLE | Fcntl.POLLRDHUP);
    }
    announce(0);
    roomWait.wakeUpAll();
    return 0;
  }

  /** {@code unix_release_sock}: nobody has it any more. */
  void release() {
    dead = true;
    shutdown = CLOSED;
    state = State.UNCONNECTED;
    unbind();
    UnixSock other = peer;
    peer = null;
    if (other != null && isDatagram()) {
      other.clients.remove(this);
    } else if (other != null) {
      other.shutdown = CLOSED;
      if (!received.isEmpty()) {
        other.error = Errno.ECONNRESET;
      }
      other.announce(Fcntl.POLLHUP | Fcntl.POLLIN | Fcntl.POLLOUT | Fcntl.POLLERR);
    }
    roomWait.wakeUpAll();
    announce(Fcntl.POLLHUP);
    for (UnixSock client : clients) {
      client.announce(WRITABLE);
    }
    while (!received.isEmpty()) {
      received.remove().free();
    }
    while (!backlog.isEmpty()) {
      UnixSock embryo = backlog.remove();
      UnixSock waiting = embryo.peer;
      embryo.release();
      if (waiting != null) {
        waiting.error = Errno.ECONNRESET;
      }
    }
    freeSlot();
  }

  final void freeSlot() {
    VfsCaches.free(caches().unixSock, slot);
  }

  final void announce(int events) {
    queue.wakeUp(events, Integer.MAX_VALUE);
  }

  // ---- Sending ----

  /** A buffer that this sent is gone: there is room for another. */
  void sentIsGone(int trueBytes) {
    sentBytes -= trueBytes;
    if (!dead && hasMuchRoom()) {
      announce(WRITABLE);
    }
  }

  /** {@code unix_writable}. */
  boolean hasMuchRoom() {
    return state != State.LISTENING && sentBytes * 4 <= sendBufferBytes;
  }

  boolean hasRoom() {
    return sentBytes < sendBufferBytes;
  }

  /**
   * {@code unix_stream_sendmsg} without its waiting.
   *
   * @param files go with the first byte; held for the message if anything is sent
   * @return bytes, at least 1; WOULD_BLOCK; {@code -errno}
   */
  long sendStream(byte[] from, int offset, int count, SocketCredentials own, List<OpenFile> files) {
    UnixSock other = peer;
    if ((shutdown & NO_MORE_SENDING) != 0) {
      return -Errno.EPIPE;
    }
    if (other == null) {
      return -Errno.ENOTCONN;
    }
    if (other.dead || (other.shutdown & NO_MORE_RECEIVING) != 0) {
      return -Errno.EPIPE;
    }
    if (error != 0) {
      return -takeError();
    }
    return sendPieces(other, from, offset, count, own, files);
  }

  /** Sends what there is room for. */
  final long sendPieces(
      UnixSock other,
      byte[] from,
      int offset,
      int count,
      SocketCredentials own,
      List<OpenFile> files) {
    int done = 0;
    while (done < count && hasRoom()) {
      int piece =
          Math.min(Math.min(count - done, MAX_PIECE_BYTES), Math.max(1, sendBufferBytes / 2 - 64));
      long result = give(other, from, offset + done, piece, own, done == 0 ? files : List.of());
      if (result < 0) {
        return done > 0 ? done : result;
      }
      done += piece;
    }
    return done > 0 || count == 0 ? done : OpenFile.WOULD_BLOCK;
  }

  /**
   * {@code unix_dgram_sendmsg} without its waiting.
   *
   * @param to null: to the peer
   * @return bytes; WOULD_BLOCK; {@code -errno}
   */
  long sendMessage(
      byte[] from,
      int offset,
      int count,
      SocketCredentials own,
      List<OpenFile> files,
      @Nullable UnixSock to) {
    UnixSock other = to != null ? to : peer;
    if (other == null) {
      return (shutdown & NO_MORE_SENDING) != 0 ? -Errno.EPIPE : -Errno.ENOTCONN;
    }
    if (count > sendBufferBytes - DATAGRAM_OVERHEAD_BYTES) {
      return -Errno.EMSGSIZE;
    }
    if ((shutdown & NO_MORE_SENDING) != 0) {
      return -Errno.EPIPE;
    }
    if (!hasRoom()) {
      return OpenFile.WOULD_BLOCK;
    }
    if (other.dead) {
      if (isDatagram()) {
        peer = other.equals(peer) ? null : peer;
        return -Errno.ECONNREFUSED;
      }
      return -Errno.EPIPE;
    }
    if (!other.accepts(this)) {
      return -Errno.EPERM;
    }
    if ((other.shutdown & NO_MORE_RECEIVING) != 0) {
      return -Errno.EPIPE;
    }
    if (isBlockedBy(other)) {
      return OpenFile.WOULD_BLOCK;
    }
    return give(other, from, offset, count, own, files);
  }

  /** Whether a receiver that does not talk to this one alone has enough to read. */
  private boolean isBlockedBy(UnixSock other) {
    boolean pair = equals(other.peer);
    boolean itself = equals(other);
    return !pair && !itself && other.received.size() > other.backlogLimit;
  }

  /** Where to wait for room when a send would block. */
  WaitQueue sendQueue(@Nullable UnixSock to) {
    UnixSock other = to != null ? to : peer;
    return other != null && hasRoom() && isBlockedBy(other) ? other.roomWait : queue;
  }

  final long give(
      UnixSock other,
      byte[] from,
      int offset,
      int count,
      SocketCredentials own,
      List<OpenFile> files) {
    try {
      SocketBuffer buffer = new SocketBuffer(this, own, files, from, offset, count);
      domain.inFlight(files);
      sentBytes += buffer.trueBytes();
      other.received.add(buffer);
      other.announce(READABLE | Fcntl.POLLRDBAND);
      return count;
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  // ---- Receiving ----

  /** Whether nothing comes any more. */
  boolean isAtEnd() {
    return (shutdown & NO_MORE_RECEIVING) != 0;
  }

  /** Why nothing is received, whatever there is; 0: something may be. */
  int receiveErrno() {
    return switch (type) {
      case UnixSocket.STREAM ->
          state == State.CONNECTED || (isAtEnd() && peer != null) ? 0 : Errno.EINVAL;
      case UnixSocket.SEQUENTIAL_PACKETS -> state == State.CONNECTED ? 0 : Errno.ENOTCONN;
      default -> 0;
    };
  }

  /** The result of a receive that finds nothing. */
  long nothing() {
    if (error != 0) {
      return -takeError();
    }
    return isAtEnd() ? 0 : OpenFile.WOULD_BLOCK;
  }

  /** The first buffer is read: it goes, and who waited for room is woken. */
  void dropFirst() {
    received.remove().free();
    if (type != UnixSocket.STREAM && received.size() <= backlogLimit) {
      roomWait.wakeUp(WRITABLE, Integer.MAX_VALUE);
      for (UnixSock client : clients) {
        client.announce(WRITABLE);
      }
    }
  }

  /** FIONREAD: bytes of a stream, or of the next message. */
  long bytesToRead() {
    if (state == State.LISTENING) {
      return -Errno.EINVAL;
    }
    if (type != UnixSocket.STREAM) {
      SocketBuffer first = received.peek();
      return first == null ? 0 : first.left();
    }
    return received.stream().mapToLong(SocketBuffer::left).sum();
  }

  /** {@code unix_poll}, {@code unix_dgram_poll}. */
  int poll() {
    int events = error != 0 ? Fcntl.POLLERR : 0;
    events |= shutdown == CLOSED ? Fcntl.POLLHUP : 0;
    events |= isAtEnd() ? Fcntl.POLLRDHUP | READABLE : 0;
    events |= received.isEmpty() && backlog.isEmpty() ? 0 : READABLE;
    events |= !isDatagram() && state == State.UNCONNECTED ? Fcntl.POLLHUP : 0;
    UnixSock other = peer;
    boolean blocked = isDatagram() && other != null && isBlockedBy(other);
    return events | (hasMuchRoom() && !blocked ? WRITABLE : 0);
  }
}
