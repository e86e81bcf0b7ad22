package org.memarium.kernel.vfs;

import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** An open socket of the UNIX domain. */
public final class UnixSocket extends OpenFile {
  /** {@code SOCK_STREAM}. */
  public static final int STREAM = 1;

  /** {@code SOCK_DGRAM}. */
  public static final int DATAGRAM = 2;

  /** {@code SOCK_SEQPACKET}. */
  public static final int SEQUENTIAL_PACKETS = 5;

  /** MSG_PEEK: what is received stays there. */
  public static final int MSG_PEEK = 0x2;

  /** MSG_TRUNC: a message tells its whole length. */
  public static final int MSG_TRUNC = 0x20;

  /** MSG_WAITALL: a stream is read until all that was asked for is there. */
  public static final int MSG_WAITALL = 0x100;

  private final UnixSock sock;

  /** Who writes: the process that runs. */
  private final Supplier<SocketCredentials> caller;

  /** SO_PASSCRED. */
  private boolean passesCredentials;

  // ---- SO_RCVTIMEO, SO_SNDTIMEO, SO_RCVLOWAT ----
  private long receiveTimeoutNanos;
  private long sendTimeoutNanos;
  private int lowWater = 1;

  /**
   * Opens.
   *
   * @param dentry of {@link SocketInode#create}
   * @param flags O_NONBLOCK, or 0
   */
  UnixSocket(Dentry dentry, UnixSock sock, int flags, Supplier<SocketCredentials> caller) {
    super(dentry, Fcntl.O_RDWR | flags);
    this.sock = sock;
    this.caller = caller;
  }

  UnixSock sock() {
    return sock;
  }

  /** STREAM, DATAGRAM or SEQUENTIAL_PACKETS. */
  public int type() {
    return sock.type();
  }

  @Override
  void closed() {
    sock.release();
    sock.domain().collectGarbage();
  }

  @Override
  public boolean mayWait() {
    return true;
  }

  @Override
  public boolean isPacket() {
    return sock.type() != STREAM;
  }

  @Override
  public WaitQueue waitQueue(int events) {
    return sock.queue;
  }

  /** Where a send waits that answered {@link #WOULD_BLOCK}. */
  public WaitQueue sendQueue(@Nullable UnixPeer to) {
    return sock.sendQueue(to == null ? null : to.sock());
  }

  @Override
  long bytesToRead() {
    return sock.bytesToRead();
  }

  @Override
  public int poll() {
    return sock.poll();
  }

  private long orAgain(long result) {
    return result == WOULD_BLOCK && isNonBlocking() ? -Errno.EAGAIN : result;
  }

  // ---- Sending ----

  @Override
  public long write(byte[] buffer, int offset, int count) {
    return orAgain(send(buffer, offset, count, caller.get(), List.of(), null));
  }

  /**
   * {@code sendmsg}: takes all of a message, and of a stream as much as there is room for.
   *
   * @param files go along; the caller has held each once for the message, and lets go of them if
   *     the result is an error or {@link #WOULD_BLOCK}
   * @param to a datagram's receiver; null: the peer
   * @return bytes, {@link #WOULD_BLOCK}, or {@code -errno}
   */
  public long send(
      byte[] from,
      int offset,
      int count,
      SocketCredentials own,
      List<OpenFile> files,
      @Nullable UnixPeer to) {
    if (sock.type() == STREAM) {
      return sock.sendStream(from, offset, count, own, files);
    }
    if (sock.type() == SEQUENTIAL_PACKETS && sock.state() != UnixSock.State.CONNECTED) {
      return -Errno.ENOTCONN;
    }
    UnixSock receiver = to != null && sock.isDatagram() ? to.sock() : null;
    return sock.sendMessage(from, offset, count, own, files, receiver);
  }

  // ---- Receiving ----

  /** What came with the bytes. */
  public static final class Received {
    private @Nullable SocketAddress from;
    private @Nullable SocketCredentials credentials;
    private List<OpenFile> files = List.of();
    private int messageBytes;

    /** Whose it was; null: one without a name. */
    public @Nullable SocketAddress from() {
      return from;
    }

    /** Who sent it; null: nothing was received. */
    public @Nullable SocketCredentials credentials() {
      return credentials;
    }

    /** The files that came along: the receiver lets go of each once. */
    public List<OpenFile> files() {
      return files;
    }

    /** The whole length of the message. */
    public int messageBytes() {
      return messageBytes;
    }
  }

  @Override
  public long read(byte[] buffer, int offset, int count) {
    Received received = new Received();
    long result = orAgain(receive(buffer, offset, count, 0, received));
    received.files.forEach(OpenFile::release);
    return result;
  }

  /**
   * {@code recvmsg}.
   *
   * @param flags MSG_PEEK
   * @return bytes, 0 at the end, {@link #WOULD_BLOCK}, or {@code -errno}
   */
  public long receive(byte[] to, int offset, int count, int flags, Received received) {
    int refused = sock.receiveErrno();
    if (refused != 0) {
      return -refused;
    }
    if (sock.type() == STREAM) {
      return receiveStream(to, offset, count, flags, received);
    }
    SocketBuffer message = sock.received().peek();
    if (message == null) {
      return sock.nothing();
    }
    int bytes = Math.min(count, message.left());
    message.copy(0, to, offset, bytes);
    tell(message, flags, received);
    received.messageBytes = message.left();
    if ((flags & MSG_PEEK) == 0) {
      sock.dropFirst();
    }
    return bytes;
  }

  /** {@code unix_stream_read_generic}: never beyond a piece that has files. */
  private long receiveStream(byte[] to, int offset, int count, int flags, Received received) {
    if (sock.received().isEmpty()) {
      return sock.nothing();
    }
    boolean peek = (flags & MSG_PEEK) != 0;
    int done = 0;
    SocketBuffer first = null;
    for (SocketBuffer piece : List.copyOf(sock.received())) {
      if (done == count && first != null) {
        break;
      }
      if (first != null && passesCredentials && !piece.credentials().equals(first.credentials())) {
        break;
      }
      if (first != null && !piece.files().isEmpty()) {
        break;
      }
      if (first == null) {
        first = piece;
        tell(piece, flags, received);
      }
      boolean hadFiles = !received.files.isEmpty();
      int bytes = Math.min(count - done, piece.left());
      piece.copy(0, to, offset + done, bytes);
      done += bytes;
      if (!peek) {
        piece.consume(bytes);
        if (piece.left() == 0) {
          sock.dropFirst();
        }
      }
      if (hadFiles) {
        break;
      }
    }
    return done;
  }

  private void tell(SocketBuffer buffer, int flags, Received received) {
    received.from = isInternet() && sock.type() == STREAM ? null : buffer.from();
    received.credentials = buffer.credentials();
    if ((flags & MSG_PEEK) == 0) {
      received.files = buffer.takeFiles();
      sock.domain().landed(received.files);
    } else {
      received.files = buffer.files();
      received.files.forEach(OpenFile::hold);
    }
  }

  // ---- What it tells, and is told ----

  /** Whether it is one of TCP or UDP. */
  public boolean isInternet() {
    return sock instanceof InternetSock;
  }

  /** Whether it is one of IPv6. */
  public boolean isSix() {
    return sock instanceof InternetSock internet && internet.isSix();
  }

  InternetSock internet() {
    if (sock instanceof InternetSock internet) {
      return internet;
    }
    throw new IllegalStateException("not of the Internet: " + dentry());
  }

  /**
   * Sends a message of UDP.
   *
   * @param to null: to whom it is connected
   */
  public long sendTo(
      byte[] from, int offset, int count, SocketCredentials own, @Nullable InternetAddress to) {
    return ((UdpSock) sock).send(from, offset, count, own, to);
  }

  /** An option of TCP, UDP or IP that was set; {@code otherwise} if none was. */
  public int option(int level, int name, int otherwise) {
    return internet().option(level, name, otherwise);
  }

  /** Remembers such an option. */
  public void setOption(int level, int name, int value) {
    internet().setOption(level, name, value);
  }

  /** SO_LINGER without time: whether close forgets the connection. */
  public void setResetsAtClose(boolean value) {
    if (sock instanceof TcpSock tcp) {
      tcp.resetsAtClose = value;
    }
  }

  /** The name that it is bound to, or null. */
  public @Nullable SocketAddress address() {
    return sock.ownName();
  }

  /** Whether it has a peer. */
  public boolean isConnected() {
    return isInternet() ? sock.peerName() != null : sock.peer() != null;
  }

  /** The name of its peer, or null. */
  public @Nullable SocketAddress peerAddress() {
    return sock.peerName();
  }

  /** SO_PEERCRED. */
  public SocketCredentials peerCredentials() {
    return sock.peerCredentials();
  }

  /** SO_ACCEPTCONN. */
  public boolean isListening() {
    return sock.state() == UnixSock.State.LISTENING;
  }

  /** SO_ERROR: reading it forgets it. */
  public int takeError() {
    return sock.takeError();
  }

  /** listen(2). */
  public long listen(int backlog, SocketCredentials own) {
    try {
      sock.listen(backlog, own);
      return 0;
    } catch (ErrnoException e) {
      return e.result();
    }
  }

  /**
   * shutdown(2).
   *
   * @param how SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2
   */
  public long shutdown(int how) {
    if (how < 0 || how > 2) {
      return -Errno.EINVAL;
    }
    return sock.shutdown(how + 1);
  }

  /** SO_PASSCRED. */
  public boolean passesCredentials() {
    return passesCredentials;
  }

  /** Sets SO_PASSCRED. */
  public void setPassesCredentials(boolean value) {
    passesCredentials = value;
  }

  /** SO_SNDBUF, or SO_RCVBUF. */
  public int bufferBytes(boolean send) {
    return send ? sock.sendBufferBytes : sock.receiveBufferBytes;
  }

  /** Sets SO_SNDBUF or SO_RCVBUF to what is charged: twice what was asked for. */
  public void setBufferBytes(boolean send, int bytes) {
    if (send) {
      sock.sendBufferBytes = bytes;
    } else {
      sock.receiveBufferBytes = bytes;
    }
  }

  @Override
  public long timeoutNanos(boolean send) {
    return send ? sendTimeoutNanos : receiveTimeoutNanos;
  }

  /** Sets SO_SNDTIMEO or SO_RCVTIMEO. */
  public void setTimeoutNanos(boolean send, long nanos) {
    if (send) {
      sendTimeoutNanos = nanos;
    } else {
      receiveTimeoutNanos = nanos;
    }
  }

  /** SO_RCVLOWAT. */
  public int lowWater() {
    return lowWater;
  }

  /** Sets SO_RCVLOWAT. */
  public void setLowWater(int bytes) {
    lowWater = bytes;
  }
}
