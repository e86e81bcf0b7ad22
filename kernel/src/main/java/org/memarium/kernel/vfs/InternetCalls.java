package org.memarium.kernel.vfs;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.Errno;

/** The calls that make, name and connect sockets of the Internet, for one process. */
public final class InternetCalls {
  private final FileCalls calls;
  private final Vfs vfs;

  InternetCalls(FileCalls calls, Vfs vfs) {
    this.calls = calls;
    this.vfs = vfs;
  }

  /** Whether there are such sockets: the machine has the interface {@code lo}. */
  public boolean isThere() {
    return vfs.internet() != null;
  }

  /**
   * socket(2).
   *
   * @param type STREAM or DATAGRAM of {@link UnixSocket}
   * @param six whether of IPv6
   * @param flags O_CLOEXEC and O_NONBLOCK
   */
  public long socket(int type, boolean six, int flags, Supplier<SocketCredentials> caller) {
    return calls.result(() -> {
      InternetDomain ports = vfs.internet();
      if (ports == null) {
        throw new ErrnoException(Errno.EAFNOSUPPORT);
      }
      int uid = caller.get().uid();
      UnixSock sock =
          type == UnixSocket.STREAM
              ? new TcpSock(vfs.unix(), ports, six, uid)
              : new UdpSock(vfs.unix(), ports, six, uid);
      return calls.unix().install(sock, flags, caller);
    });
  }

  /** bind(2). */
  public long bind(UnixSocket socket, InternetAddress address, SocketCredentials own) {
    return calls.result(() -> {
      InternetSock sock = socket.internet();
      sock.ports.bind(sock, address, own.uid());
      return 0;
    });
  }

  /**
   * connect(2).
   *
   * @param to null: nobody any more
   * @return 0, {@link OpenFile#WOULD_BLOCK} while the listener's backlog is full, {@code -errno}
   */
  public long connect(UnixSocket socket, @Nullable InternetAddress to) {
    return calls.result(() -> socket.internet().connect(to, socket.isNonBlocking()));
  }
}
