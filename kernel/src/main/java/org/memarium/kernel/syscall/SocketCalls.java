package org.memarium.kernel.syscall;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.process.UserFaultException;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.InternetAddress;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.SocketAddress;
import org.memarium.kernel.vfs.SocketCredentials;
import org.memarium.kernel.vfs.UnixAddress;
import org.memarium.kernel.vfs.UnixSocket;
import org.memarium.kernel.wait.Restart;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/**
 * Sockets; Linux {@code net/socket.c}, {@code net/unix/af_unix.c} and {@code net/ipv4/af_inet.c}.
 * There is the UNIX domain, and if the machine has the interface {@code lo}, TCP and UDP inside of
 * it: no program reaches a network.
 */
final class SocketCalls {
  private static final int AF_UNSPEC = 0;
  private static final int AF_UNIX = 1;

  /** {@code AF_MAX}: families from here on are no families. */
  private static final int FAMILIES = 46;

  /** {@code SOCK_MAX}. */
  private static final int SOCK_TYPES = 11;

  private static final int SOCK_TYPE_MASK = 0xf;
  private static final int SOCK_RAW = 3;

  /** {@code IPPROTO_MAX}, and the two that there are. */
  private static final int PROTOCOLS = 263;

  private static final int IPPROTO_TCP = 6;
  private static final int IPPROTO_UDP = 17;

  /** {@code sizeof(struct sockaddr_storage)}, {@code sizeof(struct sockaddr_un)}. */
  private static final int STORAGE_BYTES = 128;

  private static final int ADDRESS_BYTES = 110;
  private static final int FAMILY_BYTES = 2;

  /** {@code SOMAXCONN}: more than this nobody keeps waiting. */
  private static final int MAX_BACKLOG = 4096;

  private final Kernel kernel;
  private final MessageCalls messages;
  private final SocketOptions options;

  SocketCalls(Kernel kernel) {
    this.kernel = kernel;
    this.messages = new MessageCalls(kernel, this);
    this.options = new SocketOptions(kernel);
  }

  void enter(SystemCallTable table) {
    table
        .set("socketcall", this::socketcall)
        .partly("AF_UNIX; TCP and UDP with --network loopback");
    table
        .set("socket", this::socket)
        .partly("AF_UNIX; TCP and UDP with --network loopback; other families get EAFNOSUPPORT");
    table.set("socketpair", this::socketpair);
    table.set("bind", this::bind);
    table.set("connect", this::connect);
    table.set("listen", this::listen);
    table.set("accept4", this::accept4);
    table.set("getsockname", this::getsockname);
    table.set("getpeername", this::getpeername);
    table.set("shutdown", (int fd, int how) -> socketOf(fd).shutdown(how));
    table.set("sendto", messages::sendto);
    table.set("recvfrom", messages::recvfrom);
    table.set("sendmsg", messages::sendmsg);
    table.set("recvmsg", messages::recvmsg);
    table.set("sendmmsg", messages::sendmmsg);
    table.set(
        "recvmmsg",
        (int fd, int vector, int n, int flags, int timeout) ->
            messages.recvmmsg(fd, vector, n, flags));
    table.set(
        "recvmmsg_time64",
        (int fd, int vector, int n, int flags, int timeout) ->
            messages.recvmmsg(fd, vector, n, flags));
    table.set(
        "setsockopt",
        (int fd, int level, int name, int value, int bytes) ->
            options.set(socketOf(fd), level, name, value, bytes));
    table.set(
        "getsockopt",
        (int fd, int level, int name, int value, int bytes) ->
            options.get(socketOf(fd), level, name, value, bytes));
  }

  /** The older door to all of them: which call, and where its arguments are. */
  private long socketcall(int call, int arguments) {
    int[] counts = {0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4};
    if (call < 1 || call >= counts.length) {
      return -Errno.EINVAL;
    }
    int[] a = new int[6];
    for (int i = 0; i < counts[call]; i++) {
      a[i] = kernel.memory().readInt(Integer.toUnsignedLong(arguments) + (long) Integer.BYTES * i);
    }
    return switch (call) {
      case 1 -> socket(a[0], a[1], a[2]);
      case 2 -> bind(a[0], a[1], a[2]);
      case 3 -> connect(a[0], a[1], a[2]);
      case 4 -> listen(a[0], a[1]);
      case 5 -> accept4(a[0], a[1], a[2], 0);
      case 6 -> getsockname(a[0], a[1], a[2]);
      case 7 -> getpeername(a[0], a[1], a[2]);
      case 8 -> socketpair(a[0], a[1], a[2], a[3]);
      case 9 -> messages.sendto(a[0], a[1], a[2], a[3], 0, 0);
      case 10 -> messages.recvfrom(a[0], a[1], a[2], a[3], 0, 0);
      case 11 -> messages.sendto(a[0], a[1], a[2], a[3], a[4], a[5]);
      case 12 -> messages.recvfrom(a[0], a[1], a[2], a[3], a[4], a[5]);
      case 13 -> socketOf(a[0]).shutdown(a[1]);
      case 14 -> options.set(socketOf(a[0]), a[1], a[2], a[3], a[4]);
      case 15 -> options.get(socketOf(a[0]), a[1], a[2], a[3], a[4]);
      case 16 -> messages.sendmsg(a[0], a[1], a[2]);
      case 17 -> messages.recvmsg(a[0], a[1], a[2]);
      case 18 -> accept4(a[0], a[1], a[2], a[3]);
      case 19 -> messages.recvmmsg(a[0], a[1], a[2], a[3]);
      default -> messages.sendmmsg(a[0], a[1], a[2], a[3]);
    };
  }

  // ---- What all of them use ----

  /** {@code sockfd_lookup}. */
  UnixSocket socketOf(int fd) {
    OpenFile file = kernel.task().files().get(fd);
    if (file == null || file.isPathOnly()) {
      throw new CallFailedException(Errno.EBADF);
    }
    if (!(file instanceof UnixSocket socket)) {
      throw new CallFailedException(Errno.ENOTSOCK);
    }
    return socket;
  }

  /** {@code cred_to_ucred}: who calls. */
  SocketCredentials caller() {
    Task task = kernel.task();
    return new SocketCredentials(
        task.process().pid(), task.identity().euid(), task.identity().egid());
  }

  /**
   * {@code move_addr_to_kernel}, {@code unix_validate_addr}.
   *
   * @return null for a family without a name
   * @throws CallFailedException EINVAL, EFAULT
   */
  @Nullable SocketAddress readAddress(UnixSocket socket, int address, int bytes) {
    byte[] raw = readRaw(address, bytes);
    return socket.isInternet() ? internetAddress(socket, raw) : unixAddress(raw);
  }

  /** Of a family that is not the socket's, UDP of IPv6 knows IPv4. */
  private static InternetAddress internetAddress(UnixSocket socket, byte[] raw) {
    boolean datagram = socket.type() == UnixSocket.DATAGRAM;
    int family = family(raw);
    if (socket.isSix() && !(datagram && family == InternetAddress.AF_INET)) {
      require(raw.length >= InternetAddress.SHORT_BYTES_6, Errno.EINVAL);
      require(family == InternetAddress.AF_INET6, Errno.EAFNOSUPPORT);
      return InternetAddress.of6(raw);
    }
    require(raw.length >= InternetAddress.BYTES, Errno.EINVAL);
    boolean unspecified = family == AF_UNSPEC && datagram;
    require(family == InternetAddress.AF_INET || unspecified, Errno.EAFNOSUPPORT);
    return InternetAddress.of4(raw);
  }

  private static void require(boolean condition, int errno) {
    if (!condition) {
      throw new CallFailedException(errno);
    }
  }

  private static @Nullable UnixAddress unixAddress(byte[] raw) {
    int bytes = raw.length;
    if (bytes < FAMILY_BYTES || bytes > ADDRESS_BYTES || family(raw) != AF_UNIX) {
      throw new CallFailedException(Errno.EINVAL);
    }
    if (bytes == FAMILY_BYTES) {
      return null;
    }
    String path = new String(raw, FAMILY_BYTES, bytes - FAMILY_BYTES, StandardCharsets.ISO_8859_1);
    int end = path.indexOf(0);
    return new UnixAddress(end > 0 ? path.substring(0, end) : path);
  }

  private byte[] readRaw(int address, int bytes) {
    if (bytes < 0 || bytes > STORAGE_BYTES) {
      throw new CallFailedException(Errno.EINVAL);
    }
    return kernel.memory().read(Integer.toUnsignedLong(address), bytes);
  }

  private static int family(byte[] raw) {
    return raw.length < FAMILY_BYTES ? AF_UNSPEC : (raw[0] & 0xff) | (raw[1] & 0xff) << 8;
  }

  /**
   * {@code move_addr_to_user}: as much as there is room for; the whole length is told.
   *
   * @param name null: one without a name
   */
  void writeAddress(int address, int lengthAddress, @Nullable SocketAddress name) {
    byte[] raw = name == null ? new byte[] {AF_UNIX, 0} : name.toBytes();
    long at = Integer.toUnsignedLong(lengthAddress);
    int room = kernel.memory().readInt(at);
    if (room < 0) {
      throw new CallFailedException(Errno.EINVAL);
    }
    int copied = Math.min(room, raw.length);
    if (copied > 0) {
      kernel.memory().write(Integer.toUnsignedLong(address), Arrays.copyOf(raw, copied));
    }
    kernel.memory().writeInt(at, raw.length);
  }

  // ---- Making ----

  /** The type that a number stands for, or {@code -errno}. */
  private static int typeOf(int family, int typeAndFlags, int protocol) {
    int type = typeAndFlags & SOCK_TYPE_MASK;
    int flags = typeAndFlags & ~SOCK_TYPE_MASK;
    if ((flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK)) != 0) {
      return -Errno.EINVAL;
    }
    if (family < 0 || family >= FAMILIES) {
      return -Errno.EAFNOSUPPORT;
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
      case UnixSocket.STREAM, UnixSocket.DATAGRAM, UnixSocket.SEQUENTIAL_PACKETS -> type;
      case SOCK_RAW -> UnixSocket.DATAGRAM;
      default -> -Errno.ESOCKTNOSUPPORT;
    };
  }

  private long socket(int family, int typeAndFlags, int protocol) {
    int flags = typeAndFlags & ~SOCK_TYPE_MASK;
    boolean six = family == InternetAddress.AF_INET6;
    boolean internet = six || family == InternetAddress.AF_INET;
    if (internet && kernel.files().internet().isThere()) {
      int kind = internetTypeOf(typeAndFlags, protocol);
      return kind < 0 ? kind : kernel.files().internet().socket(kind, six, flags, this::caller);
    }
    int type = typeOf(family, typeAndFlags, protocol);
    return type < 0 ? type : kernel.files().unix().socket(type, flags, this::caller);
  }

  /** {@code inet_create}: the type, or {@code -errno}. */
  private static int internetTypeOf(int typeAndFlags, int protocol) {
    int type = typeAndFlags & SOCK_TYPE_MASK;
    int flags = typeAndFlags & ~SOCK_TYPE_MASK;
    boolean known = (flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK)) == 0 && type < SOCK_TYPES;
    if (!known || protocol < 0 || protocol >= PROTOCOLS) {
      return -Errno.EINVAL;
    }
    return switch (type) {
      case UnixSocket.STREAM ->
          protocol == 0 || protocol == IPPROTO_TCP ? type : -Errno.EPROTONOSUPPORT;
      case UnixSocket.DATAGRAM ->
          protocol == 0 || protocol == IPPROTO_UDP ? type : -Errno.EPROTONOSUPPORT;
      case SOCK_RAW -> protocol == 0 ? -Errno.EPROTONOSUPPORT : -Errno.EPERM;
      default -> -Errno.ESOCKTNOSUPPORT;
    };
  }

  private long socketpair(int family, int typeAndFlags, int protocol, int to) {
    boolean internet = family == InternetAddress.AF_INET || family == InternetAddress.AF_INET6;
    if (internet && kernel.files().internet().isThere()) {
      return -Errno.EOPNOTSUPP;
    }
    int type = typeOf(family, typeAndFlags, protocol);
    if (type < 0) {
      return type;
    }
    int[] fds = new int[2];
    long result =
        kernel.files().unix().socketpair(type, typeAndFlags & ~SOCK_TYPE_MASK, this::caller, fds);
    if (result < 0) {
      return result;
    }
    byte[] raw = new byte[2 * Integer.BYTES];
    Bytes.putInt(raw, 0, fds[0]);
    Bytes.putInt(raw, Integer.BYTES, fds[1]);
    if (kernel.memory().copyToUser(Integer.toUnsignedLong(to), raw, 0, raw.length) < raw.length) {
      kernel.files().close(fds[0]);
      kernel.files().close(fds[1]);
      return -Errno.EFAULT;
    }
    return 0;
  }

  // ---- Names and connections ----

  private long bind(int fd, int address, int bytes) {
    UnixSocket socket = socketOf(fd);
    SocketAddress name = readAddress(socket, address, bytes);
    return name instanceof InternetAddress internet
        ? kernel.files().internet().bind(socket, internet, caller())
        : kernel.files().unix().bind(socket, (UnixAddress) name);
  }

  private long connect(int fd, int address, int bytes) {
    if (kernel.task().files().get(fd) == null) {
      return -Errno.EBADF;
    }
    // Of connect alone the address is copied before it is asked whether that is a socket.
    byte[] raw = readRaw(address, bytes);
    UnixSocket socket = socketOf(fd);
    if (bytes < FAMILY_BYTES) {
      return -Errno.EINVAL;
    }
    if (socket.isInternet()) {
      boolean nobody = family(raw) == AF_UNSPEC;
      return new Connect(fd, socket, nobody ? null : internetAddress(socket, raw)).begin();
    }
    boolean datagram = socket.type() == UnixSocket.DATAGRAM;
    UnixAddress name = datagram && family(raw) == AF_UNSPEC ? null : unixAddress(raw);
    boolean nameless = name == null && !(datagram && family(raw) == AF_UNSPEC);
    return nameless ? -Errno.EINVAL : new Connect(fd, socket, name).begin();
  }

  /** Waits while the listener's backlog is full. */
  private final class Connect extends FileTransfer {
    private final UnixSocket socket;
    private final @Nullable SocketAddress name;

    Connect(int fd, UnixSocket socket, @Nullable SocketAddress name) {
      super(SocketCalls.this.kernel, "connect", fd, socket, true);
      this.socket = socket;
      this.name = name;
    }

    @Override
    long step() {
      return socket.isInternet()
          ? kernel.files().internet().connect(socket, (InternetAddress) name)
          : kernel.files().unix().connect(socket, (UnixAddress) name, caller());
    }

    @Override
    void waitOnQueues(Task task) {
      WaitQueue backlog =
          name instanceof UnixAddress path
              ? kernel.files().unix().backlogQueue(socket, path)
              : queue();
      task.sleep().waitOnExclusive(require(backlog));
    }
  }

  private long listen(int fd, int backlog) {
    int most = Integer.compareUnsigned(backlog, MAX_BACKLOG) > 0 ? MAX_BACKLOG : backlog;
    return socketOf(fd).listen(most, caller());
  }

  private long accept4(int fd, int address, int length, int flags) {
    if ((flags & ~(Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK)) != 0) {
      return -Errno.EINVAL;
    }
    UnixSocket socket = socketOf(fd);
    return new FileTransfer(kernel, "accept", fd, socket, false) {
      @Override
      long step() {
        long accepted = kernel.files().unix().accept(socket, flags, SocketCalls.this::caller);
        if (accepted < 0 || address == 0) {
          return accepted;
        }
        try {
          writeAddress(address, length, socketOf((int) accepted).peerAddress());
          return accepted;
        } catch (CallFailedException | UserFaultException failed) {
          kernel.files().close((int) accepted);
          throw failed;
        }
      }

      @Override
      public long interrupted() {
        return socket.timeoutNanos(false) > 0 ? -Errno.EINTR : -Restart.SYS;
      }
    }.begin();
  }

  private long getsockname(int fd, int address, int length) {
    writeAddress(address, length, socketOf(fd).address());
    return 0;
  }

  private long getpeername(int fd, int address, int length) {
    UnixSocket socket = socketOf(fd);
    if (!socket.isConnected()) {
      return -Errno.ENOTCONN;
    }
    writeAddress(address, length, socket.peerAddress());
    return 0;
  }
}
