package org.memarium.kernel.syscall;

import static org.memarium.mm.Errno.ENOPROTOOPT;

import java.util.Arrays;
import org.memarium.kernel.vfs.InternetAddress;
import org.memarium.kernel.vfs.SocketCredentials;
import org.memarium.kernel.vfs.UnixSocket;
import org.memarium.mm.Errno;

/** getsockopt and setsockopt; Linux {@code net/core/sock.c}. */
final class SocketOptions {
  private static final int SOL_SOCKET = 1;

  private static final int SO_DEBUG = 1;
  private static final int SO_REUSEADDR = 2;
  private static final int SO_TYPE = 3;
  private static final int SO_ERROR = 4;
  private static final int SO_DONTROUTE = 5;
  private static final int SO_BROADCAST = 6;
  private static final int SO_SNDBUF = 7;
  private static final int SO_RCVBUF = 8;
  private static final int SO_KEEPALIVE = 9;
  private static final int SO_OOBINLINE = 10;
  private static final int SO_PRIORITY = 12;
  private static final int SO_LINGER = 13;
  private static final int SO_REUSEPORT = 15;
  private static final int SO_PASSCRED = 16;
  private static final int SO_PEERCRED = 17;
  private static final int SO_RCVLOWAT = 18;
  private static final int SO_SNDLOWAT = 19;
  private static final int SO_RCVTIMEO = 20;
  private static final int SO_SNDTIMEO = 21;
  private static final int SO_ACCEPTCONN = 30;
  private static final int SO_PROTOCOL = 38;
  private static final int SO_DOMAIN = 39;
  private static final int SO_RCVTIMEO_NEW = 66;
  private static final int SO_SNDTIMEO_NEW = 67;

  private static final int AF_UNIX = 1;

  /** {@code sysctl_wmem_max}: before it is doubled. */
  private static final int MAX_BUFFER_BYTES = 180_224;

  /** {@code SOCK_MIN_SNDBUF}, {@code SOCK_MIN_RCVBUF}, nearly. */
  private static final int MIN_SEND_BYTES = 4_608;

  private static final int MIN_RECEIVE_BYTES = 2_304;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final long NANOS_PER_MICRO = 1_000L;

  private final Kernel kernel;

  SocketOptions(Kernel kernel) {
    this.kernel = kernel;
  }

  // ---- Setting ----

  long set(UnixSocket socket, int level, int name, int value, int bytes) {
    if (bytes < 0) {
      return -Errno.EINVAL;
    }
    if (level != SOL_SOCKET && !socket.isInternet()) {
      return -Errno.EOPNOTSUPP;
    }
    if (bytes < Integer.BYTES) {
      return -Errno.EINVAL;
    }
    long at = Integer.toUnsignedLong(value);
    int number = kernel.memory().readInt(at);
    if (InternetOptions.isKept(socket, level, name)) {
      socket.setOption(level, name, InternetOptions.kept(level, name, number));
      return 0;
    }
    if (level != SOL_SOCKET) {
      return kernel.unsupported("setsockopt %d of level %d".formatted(name, level), ENOPROTOOPT);
    }
    switch (name) {
      case SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR, SO_ACCEPTCONN, SO_PEERCRED, SO_SNDLOWAT -> {
        return -Errno.ENOPROTOOPT;
      }
      case SO_PASSCRED -> socket.setPassesCredentials(number != 0);
      case SO_SNDBUF, SO_RCVBUF -> {
        boolean send = name == SO_SNDBUF;
        int asked = 2 * Math.min(Math.max(number, 0), MAX_BUFFER_BYTES);
        socket.setBufferBytes(send, Math.max(asked, send ? MIN_SEND_BYTES : MIN_RECEIVE_BYTES));
      }
      case SO_RCVLOWAT -> socket.setLowWater(number < 0 ? Integer.MAX_VALUE : Math.max(1, number));
      case SO_RCVTIMEO, SO_SNDTIMEO -> {
        return setTimeout(socket, name == SO_SNDTIMEO, at, bytes, Integer.BYTES);
      }
      case SO_RCVTIMEO_NEW, SO_SNDTIMEO_NEW -> {
        return setTimeout(socket, name == SO_SNDTIMEO_NEW, at, bytes, Long.BYTES);
      }
      case SO_DEBUG -> {
        return number != 0 && kernel.task().identity().euid() != 0 ? -Errno.EACCES : 0;
      }
      case SO_REUSEADDR,
          SO_REUSEPORT,
          SO_DONTROUTE,
          SO_BROADCAST,
          SO_KEEPALIVE,
          SO_OOBINLINE,
          SO_PRIORITY -> {
        // They mean nothing in the UNIX domain, as on Linux.
      }
      case SO_LINGER -> {
        if (bytes < 2 * Integer.BYTES) {
          return -Errno.EINVAL;
        }
        int seconds = kernel.memory().readInt(at + Integer.BYTES);
        socket.setResetsAtClose(number != 0 && seconds == 0);
      }
      default -> {
        return kernel.unsupported("setsockopt %d".formatted(name), Errno.ENOPROTOOPT);
      }
    }
    return 0;
  }

  private long setTimeout(UnixSocket socket, boolean send, long at, int bytes, int wordBytes) {
    if (bytes < 2 * wordBytes) {
      return -Errno.EINVAL;
    }
    long seconds =
        wordBytes == Integer.BYTES ? kernel.memory().readInt(at) : kernel.memory().readLong(at);
    long micros =
        wordBytes == Integer.BYTES
            ? kernel.memory().readInt(at + wordBytes)
            : kernel.memory().readLong(at + wordBytes);
    if (micros < 0 || micros >= NANOS_PER_SECOND / NANOS_PER_MICRO) {
      return -Errno.EDOM;
    }
    if (seconds < 0) {
      // As Linux has it: a wait that is over at once.
      socket.setTimeoutNanos(send, 1);
      return 0;
    }
    long most = Long.MAX_VALUE / NANOS_PER_SECOND / 4;
    socket.setTimeoutNanos(
        send, Math.min(seconds, most) * NANOS_PER_SECOND + micros * NANOS_PER_MICRO);
    return 0;
  }

  // ---- Getting ----

  long get(UnixSocket socket, int level, int name, int value, int lengthAddress) {
    long lengthAt = Integer.toUnsignedLong(lengthAddress);
    int room = kernel.memory().readInt(lengthAt);
    if (room < 0) {
      return -Errno.EINVAL;
    }
    if (level != SOL_SOCKET && !socket.isInternet()) {
      return -Errno.EOPNOTSUPP;
    }
    byte[] answer = level == SOL_SOCKET ? answer(socket, name) : new byte[0];
    if (InternetOptions.isKept(socket, level, name)) {
      answer = words(socket.option(level, name, InternetOptions.initial(level, name)));
    }
    if (answer.length == 0) {
      return kernel.unsupported("getsockopt %d of level %d".formatted(name, level), ENOPROTOOPT);
    }
    int bytes = Math.min(room, answer.length);
    kernel.memory().write(Integer.toUnsignedLong(value), Arrays.copyOf(answer, bytes));
    kernel.memory().writeInt(lengthAt, bytes);
    return 0;
  }

  private static byte[] answer(UnixSocket socket, int name) {
    return switch (name) {
      case SO_TYPE -> words(socket.type());
      case SO_ERROR -> words(socket.takeError());
      case SO_SNDBUF -> words(socket.bufferBytes(true));
      case SO_RCVBUF -> words(socket.bufferBytes(false));
      case SO_PASSCRED -> words(socket.passesCredentials() ? 1 : 0);
      case SO_PEERCRED -> {
        SocketCredentials peer = socket.peerCredentials();
        yield words(peer.pid(), peer.uid(), peer.gid());
      }
      case SO_RCVLOWAT -> words(socket.lowWater());
      case SO_SNDLOWAT -> words(1);
      case SO_RCVTIMEO -> time(socket.timeoutNanos(false), false);
      case SO_SNDTIMEO -> time(socket.timeoutNanos(true), false);
      case SO_RCVTIMEO_NEW -> time(socket.timeoutNanos(false), true);
      case SO_SNDTIMEO_NEW -> time(socket.timeoutNanos(true), true);
      case SO_ACCEPTCONN -> words(socket.isListening() ? 1 : 0);
      case SO_PROTOCOL -> words(InternetOptions.protocol(socket));
      case SO_DOMAIN -> words(domain(socket));
      case SO_LINGER -> words(0, 0);
      case SO_DEBUG,
          SO_REUSEADDR,
          SO_REUSEPORT,
          SO_DONTROUTE,
          SO_BROADCAST,
          SO_KEEPALIVE,
          SO_OOBINLINE,
          SO_PRIORITY ->
          words(0);
      default -> new byte[0];
    };
  }

  private static int domain(UnixSocket socket) {
    if (!socket.isInternet()) {
      return AF_UNIX;
    }
    return socket.isSix() ? InternetAddress.AF_INET6 : InternetAddress.AF_INET;
  }

  private static byte[] words(int... values) {
    byte[] raw = new byte[Integer.BYTES * values.length];
    for (int i = 0; i < values.length; i++) {
      Bytes.putInt(raw, Integer.BYTES * i, values[i]);
    }
    return raw;
  }

  private static byte[] time(long nanos, boolean wide) {
    int seconds = (int) (nanos / NANOS_PER_SECOND);
    int micros = (int) (nanos % NANOS_PER_SECOND / NANOS_PER_MICRO);
    return wide ? words(seconds, 0, micros, 0) : words(seconds, micros);
  }
}
