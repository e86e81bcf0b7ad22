package org.memarium.kernel.vfs;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * {@code struct tcp_sock} over {@code lo}, where nothing is lost and segments arrive at once: what
 * is left of TCP is its order of events; Linux {@code net/ipv4/tcp.c}, {@code tcp_input.c}.
 */
final class TcpSock extends InternetSock {
  /** {@code tcp_wmem[1]}, {@code tcp_rmem[1]}. */
  private static final int SEND_BUFFER_BYTES = 16_384;

  private static final int RECEIVE_BUFFER_BYTES = 131_072;

  /** What {@code tcp_init_buffer_space} makes of a send buffer for segments of 64 KiB. */
  private static final int CONNECTED_BUFFER_BYTES = 2_626_560;

  private static final int CLOSED = NO_MORE_RECEIVING | NO_MORE_SENDING;
  private static final int READABLE = Fcntl.POLLIN | Fcntl.POLLRDNORM;
  private static final int WRITABLE = Fcntl.POLLOUT | Fcntl.POLLWRNORM;
  private static final int RESET =
      Fcntl.POLLIN | Fcntl.POLLOUT | Fcntl.POLLERR | Fcntl.POLLHUP | Fcntl.POLLRDHUP;

  /** Those whose SYN waits until there is room in the backlog. */
  private final Deque<TcpSock> waiting = new ArrayDeque<>(0);

  /** The listener whose backlog is full. */
  private @Nullable TcpSock waitsFor;

  /** SS_CONNECTING: a connect has begun whose end nobody has been told. */
  private boolean connecting;

  private boolean finSent;
  private boolean finReceived;

  /** SO_LINGER with no time: close forgets the connection. */
  boolean resetsAtClose;

  TcpSock(UnixDomain domain, InternetDomain ports, boolean six, int uid) throws ErrnoException {
    super(domain, ports, UnixSocket.STREAM, six, uid);
    sendBufferBytes = SEND_BUFFER_BYTES;
    receiveBufferBytes = RECEIVE_BUFFER_BYTES;
  }

  // ---- Connecting ----

  @Override
  long connect(@Nullable InternetAddress to, boolean nonBlocking) throws ErrnoException {
    if (to == null) {
      disconnect();
      return 0;
    }
    if (connecting) {
      return connectAgain(nonBlocking);
    }
    if (state != State.UNCONNECTED || remote != null) {
      throw new ErrnoException(Errno.EISCONN);
    }
    InternetAddress there = route(to);
    bindAnywhere();
    InternetAddress here = sourceFor(there);
    TcpSock listener = (TcpSock) ports.listener(this, there);
    if (listener == null) {
      if (!nonBlocking) {
        unbindIfAutomatic();
        throw new ErrnoException(Errno.ECONNREFUSED);
      }
      connecting = true;
      refused();
      return -Errno.EINPROGRESS;
    }
    bound(here, null);
    if (listener.backlog.size() > listener.backlogLimit) {
      connecting = true;
      remote = there;
      waitsFor = listener;
      listener.waiting.add(this);
      return nonBlocking ? -Errno.EINPROGRESS : OpenFile.WOULD_BLOCK;
    }
    establish(listener, there, here);
    connecting = nonBlocking;
    return nonBlocking ? -Errno.EINPROGRESS : 0;
  }

  private long connectAgain(boolean nonBlocking) throws ErrnoException {
    if (waitsFor != null) {
      return nonBlocking ? -Errno.EALREADY : OpenFile.WOULD_BLOCK;
    }
    connecting = false;
    if (state == State.CONNECTED) {
      return 0;
    }
    int failed = takeError();
    shutdown = 0;
    remote = null;
    unbindIfAutomatic();
    throw new ErrnoException(failed == 0 ? Errno.ECONNABORTED : failed);
  }

  private void establish(TcpSock listener, InternetAddress there, InternetAddress here)
      throws ErrnoException {
    TcpSock embryo = new TcpSock(domain(), ports, listener.isSix(), listener.uid());
    embryo.inheritFrom(listener);
    ports.enter(embryo, there);
    embryo.remote = here;
    remote = there;
    join(embryo, SocketCredentials.NOBODY, SocketCredentials.NOBODY);
    widen();
    embryo.widen();
    listener.backlog.add(embryo);
    listener.announce(READABLE | Fcntl.POLLRDBAND);
  }

  private void widen() {
    if (sendBufferBytes == SEND_BUFFER_BYTES) {
      sendBufferBytes = CONNECTED_BUFFER_BYTES;
    }
  }

  private void refused() {
    waitsFor = null;
    error = Errno.ECONNREFUSED;
    shutdown = CLOSED;
    announce(RESET);
  }

  @Override
  void listen(int most, SocketCredentials own) throws ErrnoException {
    if (state == State.CONNECTED || connecting || remote != null) {
      throw new ErrnoException(Errno.EINVAL);
    }
    bindAnywhere();
    InternetAddress here = address();
    if (here != null && ports.hasOtherListener(this, here)) {
      throw new ErrnoException(Errno.EADDRINUSE);
    }
    backlogLimit = most;
    state = State.LISTENING;
    shutdown = 0;
    serveWaiting();
  }

  @Override
  @Nullable UnixSock accept() throws ErrnoException {
    UnixSock next = super.accept();
    serveWaiting();
    return next;
  }

  private void serveWaiting() {
    while (!waiting.isEmpty() && backlog.size() <= backlogLimit) {
      TcpSock next = waiting.remove();
      InternetAddress there = next.remote;
      InternetAddress here = next.address();
      if (there != null && here != null) {
        next.waitsFor = null;
        try {
          next.establish(this, there, here);
          next.announce(WRITABLE);
        } catch (ErrnoException noMemory) {
          next.refused();
        }
      }
    }
  }

  // ---- Ending ----

  /** {@code tcp_disconnect}. */
  private void disconnect() {
    giveUpWaiting();
    if (state == State.LISTENING) {
      stopListening();
    } else if (state == State.CONNECTED) {
      resetPeer();
    }
    state = State.UNCONNECTED;
    peer = null;
    remote = null;
    shutdown = 0;
    connecting = false;
    finSent = false;
    finReceived = false;
    dropAll();
    unbindIfAutomatic();
  }

  private void giveUpWaiting() {
    if (waitsFor != null) {
      waitsFor.waiting.remove(this);
      waitsFor = null;
    }
  }

  private void stopListening() {
    while (!backlog.isEmpty()) {
      TcpSock embryo = (TcpSock) backlog.remove();
      embryo.resetPeer();
      embryo.release();
    }
    while (!waiting.isEmpty()) {
      waiting.remove().refused();
    }
    state = State.UNCONNECTED;
    announce(Fcntl.POLLHUP | READABLE);
  }

  /** {@code tcp_reset}: the other end has forgotten the connection. */
  private void reset() {
    error = finReceived ? Errno.EPIPE : Errno.ECONNRESET;
    end();
  }

  private void resetPeer() {
    UnixSock other = peer;
    peer = null;
    if (other instanceof TcpSock tcp && !tcp.dead && tcp.state == State.CONNECTED) {
      tcp.reset();
    }
    state = State.UNCONNECTED;
  }

  /** {@code tcp_done}. */
  private void end() {
    state = State.UNCONNECTED;
    shutdown = CLOSED;
    peer = null;
    announce(RESET);
  }

  private void sendFin() {
    UnixSock other = peer;
    if (finSent || state != State.CONNECTED) {
      return;
    }
    finSent = true;
    if (other instanceof TcpSock tcp && !tcp.dead) {
      tcp.finReceived = true;
      tcp.shutdown |= NO_MORE_RECEIVING;
      tcp.announce(READABLE | Fcntl.POLLRDHUP);
      if (tcp.finSent) {
        tcp.end();
      }
    }
    if (finReceived) {
      end();
    }
  }

  @Override
  long shutdown(int how) {
    switch (state) {
      case UNCONNECTED -> {
        shutdown |= how;
        announce(RESET);
        return -Errno.ENOTCONN;
      }
      case LISTENING -> {
        if ((how & NO_MORE_RECEIVING) != 0) {
          stopListening();
        }
      }
      case CONNECTED -> {
        shutdown |= how;
        if ((how & NO_MORE_SENDING) != 0) {
          sendFin();
        }
        announce(READABLE | WRITABLE | Fcntl.POLLRDHUP);
      }
    }
    return 0;
  }

  @Override
  void release() {
    giveUpWaiting();
    if (state == State.LISTENING) {
      stopListening();
    } else if (state == State.CONNECTED && (!received.isEmpty() || resetsAtClose)) {
      resetPeer();
    } else {
      sendFin();
    }
    dead = true;
    unbind();
    dropAll();
    announce(Fcntl.POLLHUP);
    freeSlot();
  }

  private void dropAll() {
    while (!received.isEmpty()) {
      received.remove().free();
    }
  }

  // ---- Sending ----

  @Override
  long sendStream(byte[] from, int offset, int count, SocketCredentials own, List<OpenFile> files) {
    if (error != 0) {
      return -takeError();
    }
    if (waitsFor != null) {
      return OpenFile.WOULD_BLOCK;
    }
    if (state != State.CONNECTED
        || (shutdown & NO_MORE_SENDING) != 0
        || !(peer instanceof TcpSock other)) {
      return -Errno.EPIPE;
    }
    if (count > 0 && (other.dead || (other.finSent && (other.shutdown & NO_MORE_RECEIVING) != 0))) {
      // It is taken, and answered with RST.
      if (!other.dead) {
        other.reset();
      }
      reset();
      return count;
    }
    return sendPieces(other, from, offset, count, own, List.of());
  }

  /** A window's worth lies at the receiver, besides what waits here. */
  private long roomBytes() {
    UnixSock other = peer;
    return sendBufferBytes + (other == null ? 0 : other.receiveBufferBytes / 2L);
  }

  @Override
  boolean hasRoom() {
    return sentBytes < roomBytes();
  }

  /** {@code sk_stream_is_writeable}. */
  @Override
  boolean hasMuchRoom() {
    return state != State.LISTENING && sentBytes * 3 <= roomBytes() * 2;
  }

  @Override
  WaitQueue sendQueue(@Nullable UnixSock to) {
    return queue;
  }

  // ---- Receiving ----

  /** Data goes before errors: see {@link #nothing}. */
  @Override
  int receiveErrno() {
    return 0;
  }

  @Override
  long nothing() {
    if (finReceived) {
      return 0;
    }
    if (error != 0) {
      return -takeError();
    }
    if ((shutdown & NO_MORE_RECEIVING) != 0) {
      return 0;
    }
    return state == State.CONNECTED || waitsFor != null ? OpenFile.WOULD_BLOCK : -Errno.ENOTCONN;
  }

  @Override
  int poll() {
    if (state == State.LISTENING) {
      return backlog.isEmpty() ? 0 : READABLE;
    }
    int events = error != 0 ? Fcntl.POLLERR : 0;
    if (waitsFor != null) {
      return events;
    }
    events |= shutdown == CLOSED || state == State.UNCONNECTED ? Fcntl.POLLHUP : 0;
    events |= isAtEnd() ? READABLE | Fcntl.POLLRDHUP : 0;
    events |= received.isEmpty() ? 0 : READABLE;
    boolean writable = (shutdown & NO_MORE_SENDING) != 0 || hasMuchRoom();
    return events | (writable ? WRITABLE : 0);
  }
}
