package org.memarium.kernel.syscall;

import java.nio.charset.StandardCharsets;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.UnixSocket;
import org.memarium.mm.Errno;

/**
 * Sockets, as far as one process without a network needs them; Linux {@code net/socket.c} and
 * {@code net/unix/af_unix.c}. There is the UNIX domain alone, and nobody listens in it, so that
 * programs which ask a service (glibc its name cache) learn that there is none.
 */
final class SocketCalls {
  private static final int AF_UNIX = 1;

  /** {@code NPROTO} and {@code SOCK_MAX}. */
  private static final int SOCK_TYPES = 11;

  private static final int SOCK_TYPE_MASK = 0xf;
  private static final int SOCK_RAW = 3;

  /** {@code sizeof(struct sockaddr_storage)}, {@code sizeof(struct sockaddr_un)}. */
  private static final int STORAGE_BYTES = 128;

  private static final int ADDRESS_BYTES = 110;
  private static final int FAMILY_BYTES = 2;
  private static final int W_OK = 2;

  /** Calls of {@code socketcall(2)}. */
  private static final int SYS_SOCKET = 1;

  private static final int SYS_CONNECT = 3;
  private static final int SYS_GETPEERNAME = 7;
  private static final int LAST_SOCKETCALL = 20;

  private final Kernel kernel;

  SocketCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  void enter(SystemCallTable table) {
    table.set("socketcall", this::socketcall);
    table.set("socket", this::socket);
    table.set("connect", this::connect);
    table.set("getpeername", (int fd, int address, int length) -> getpeername(fd));
  }

  /** The older door to all of them: which call, and where its arguments are. */
  private long socketcall(int call, int arguments) {
    if (call < 1 || call > LAST_SOCKETCALL) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(arguments);
    switch (call) {
      case SYS_SOCKET:
        return socket(argument(at, 0), argument(at, 1), argument(at, 2));
      case SYS_CONNECT:
        return connect(argument(at, 0), argument(at, 1), argument(at, 2));
      case SYS_GETPEERNAME:
        return getpeername(argument(at, 0));
      default:
        kernel.unsupported().note("socketcall %d".formatted(call));
        return -Errno.ENOSYS;
    }
  }

  private int argument(long at, int index) {
    return kernel.memory().readInt(at + 4L * index);
  }

  private long socket(int family, int typeAndFlags, int protocol) {
    int type = typeAndFlags & SOCK_TYPE_MASK;
    int flags = typeAndFlags & ~SOCK_TYPE_MASK;
    if ((flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK)) != 0) {
      return -Errno.EINVAL;
    }
    if (type >= SOCK_TYPES) {
      return -Errno.EINVAL;
    }
    if (family != AF_UNIX) {
      return -Errno.EAFNOSUPPORT;
    }
    if (protocol != 0 && protocol != AF_UNIX) {
      return -Errno.EPROTONOSUPPORT;
    }
    return switch (type) {
      case UnixSocket.STREAM, UnixSocket.DATAGRAM, UnixSocket.SEQUENTIAL_PACKETS ->
          kernel.files().unixSocket(type, flags);
      case SOCK_RAW -> kernel.files().unixSocket(UnixSocket.DATAGRAM, flags);
      default -> -Errno.ESOCKTNOSUPPORT;
    };
  }

  private long connect(int fd, int address, int bytes) {
    if (kernel.task().files().get(fd) == null) {
      return -Errno.EBADF;
    }
    if (bytes < 0 || bytes > STORAGE_BYTES) {
      return -Errno.EINVAL;
    }
    byte[] name = kernel.memory().read(Integer.toUnsignedLong(address), bytes);
    long error = check(fd);
    if (error < 0) {
      return error;
    }
    if (bytes <= FAMILY_BYTES
        || bytes > ADDRESS_BYTES
        || ((name[0] & 0xff) | (name[1] & 0xff) << 8) != AF_UNIX) {
      return -Errno.EINVAL;
    }
    String path = new String(name, FAMILY_BYTES, bytes - FAMILY_BYTES, StandardCharsets.ISO_8859_1);
    int end = path.indexOf(0);
    if (end == 0) {
      return -Errno.ECONNREFUSED; // a name outside the file system, which nobody bound
    }
    String file = end < 0 ? path : path.substring(0, end);
    long found = kernel.files().faccessat2(Fcntl.AT_FDCWD, file, W_OK, Fcntl.AT_EACCESS);
    return found < 0 ? found : -Errno.ECONNREFUSED;
  }

  private long getpeername(int fd) {
    long error = check(fd);
    return error < 0 ? error : -Errno.ENOTCONN;
  }

  private long check(int fd) {
    OpenFile file = kernel.task().files().get(fd);
    return file == null ? -Errno.EBADF : file instanceof UnixSocket ? 0 : -Errno.ENOTSOCK;
  }
}
