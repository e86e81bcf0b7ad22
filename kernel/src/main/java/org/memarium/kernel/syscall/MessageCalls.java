package org.memarium.kernel.syscall;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.process.Signal;
import org.memarium.kernel.process.Task;
import org.memarium.kernel.vfs.Fcntl;
import org.memarium.kernel.vfs.InternetAddress;
import org.memarium.kernel.vfs.OpenFile;
import org.memarium.kernel.vfs.SocketAddress;
import org.memarium.kernel.vfs.SocketCredentials;
import org.memarium.kernel.vfs.UnixAddress;
import org.memarium.kernel.vfs.UnixCalls;
import org.memarium.kernel.vfs.UnixPeer;
import org.memarium.kernel.vfs.UnixSocket;
import org.memarium.mm.Errno;

/** What goes through sockets, with names, files and credentials; Linux {@code net/socket.c}. */
final class MessageCalls {
  private static final int MSG_OOB = 0x1;
  private static final int MSG_CTRUNC = 0x8;
  private static final int MSG_DONTWAIT = 0x40;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_WAITFORONE = 0x10000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;

  private static final int CHUNK_BYTES = 64 * 1024;

  /** Longer messages are refused by their length. */
  private static final int PACKET_BYTES = 512 * 1024;

  /** {@code struct msghdr} on i386. */
  static final int MSGHDR_BYTES = 28;

  private final Kernel kernel;
  private final SocketCalls sockets;
  private final ControlMessages controls;

  /** Used within one step of a call only. */
  private final byte[] buffer = new byte[CHUNK_BYTES];

  MessageCalls(Kernel kernel, SocketCalls sockets) {
    this.kernel = kernel;
    this.sockets = sockets;
    this.controls = new ControlMessages(kernel);
  }

  private byte[] chunkFor(UnixSocket socket, long left) {
    return socket.isPacket() && left > CHUNK_BYTES
        ? new byte[(int) Math.min(left, PACKET_BYTES)]
        : buffer;
  }

  // ---- Sending ----

  long sendto(int fd, int from, int count, int flags, int address, int addressBytes) {
    UserBuffer bytes = UserBuffer.of(kernel.memory(), from, count);
    UnixSocket socket = sockets.socketOf(fd);
    SocketAddress name =
        address == 0 || isConnection(socket)
            ? null
            : sockets.readAddress(socket, address, addressBytes);
    return new Send(fd, socket, bytes, flags, name, ControlMessages.Sent.NOTHING).begin();
  }

  /** One of TCP asks nobody to whom it sends. */
  private static boolean isConnection(UnixSocket socket) {
    return socket.isInternet() && socket.type() == UnixSocket.STREAM;
  }

  long sendmsg(int fd, int message, int flags) {
    return send(fd, message, flags).begin();
  }

  private Send send(int fd, int message, int flags) {
    UnixSocket socket = sockets.socketOf(fd);
    byte[] header = kernel.memory().read(Integer.toUnsignedLong(message), MSGHDR_BYTES);
    int name = Bytes.getInt(header, 0);
    int nameBytes = Bytes.getInt(header, 4);
    if (nameBytes < 0) {
      throw new CallFailedException(Errno.EINVAL);
    }
    SocketAddress to =
        name == 0 || nameBytes == 0 || isConnection(socket)
            ? null
            : sockets.readAddress(socket, name, Math.min(nameBytes, 128));
    int pieces = Bytes.getInt(header, 12);
    if (Integer.compareUnsigned(pieces, UserBuffer.MAX_PIECES) > 0) {
      throw new CallFailedException(Errno.EMSGSIZE);
    }
    UserBuffer bytes = UserBuffer.vector(kernel.memory(), Bytes.getInt(header, 8), pieces);
    int control = Bytes.getInt(header, 16);
    int controlBytes = Bytes.getInt(header, 20);
    return new Send(
        fd, socket, bytes, flags, to, controls.read(control, controlBytes, sockets.caller()));
  }

  long sendmmsg(int fd, int vector, int count, int flags) {
    return new MessageSeries(kernel, vector, count) {
      @Override
      FileTransfer next(int message, boolean first) {
        return send(fd, message, flags);
      }
    }.run();
  }

  private final class Send extends FileTransfer {
    private final UnixSocket socket;
    private final UserBuffer from;
    private final int flags;
    private final @Nullable SocketAddress name;
    private final SocketCredentials credentials;
    private List<OpenFile> files;
    private List<OpenFile> heldFiles = List.of();

    Send(
        int fd,
        UnixSocket socket,
        UserBuffer from,
        int flags,
        @Nullable SocketAddress name,
        ControlMessages.Sent control) {
      super(MessageCalls.this.kernel, "send", fd, socket, true);
      this.socket = socket;
      this.from = from;
      this.flags = flags;
      this.name = name;
      SocketCredentials told = control.credentials();
      this.credentials = told == null ? sockets.caller() : told;
      // Of control messages the Internet's sockets take none of the UNIX domain's.
      this.files = socket.isInternet() ? List.of() : control.files();
    }

    private boolean isNonBlocking() {
      return (flags & MSG_DONTWAIT) != 0 || (socket.flags() & Fcntl.O_NONBLOCK) != 0;
    }

    @Override
    void waitOnQueues(Task task) {
      task.sleep().waitOnExclusive(socket.sendQueue(peer()));
      files.forEach(kernel.vfs()::fget);
      heldFiles = files;
    }

    @Override
    public void ended() {
      heldFiles.forEach(kernel.vfs()::fput);
      super.ended();
    }

    private @Nullable UnixPeer peer() {
      if (!(name instanceof UnixAddress path) || socket.type() != UnixSocket.DATAGRAM) {
        return null;
      }
      return switch (kernel.files().unix().lookup(socket, path)) {
        case UnixCalls.Lookup.Found found -> found.peer();
        case UnixCalls.Lookup.Failed failed ->
            throw new CallFailedException((int) -failed.result());
      };
    }

    @Override
    long step() {
      if ((flags & MSG_OOB) != 0) {
        return -Errno.EOPNOTSUPP;
      }
      if (name != null && socket.type() == UnixSocket.STREAM) {
        return socket.isConnected() ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
      }
      UnixPeer to = peer();
      byte[] bytes = chunkFor(socket, from.left());
      do {
        int chunk = (int) Math.min(from.left(), bytes.length);
        int copied = from.copyIn(bytes, 0, chunk);
        if (copied < chunk) {
          return orDone(-Errno.EFAULT);
        }
        if (copied == 0 && socket.type() == UnixSocket.STREAM) {
          // A stream has no empty messages, which files could come with.
          files = List.of();
        }
        for (OpenFile file : files) {
          file.hold();
        }
        long sent =
            name instanceof InternetAddress there
                ? socket.sendTo(bytes, 0, copied, credentials, there)
                : socket.send(bytes, 0, copied, credentials, files, to);
        if (sent < 0) {
          files.forEach(OpenFile::release);
          from.back(copied);
          return failed(sent);
        }
        files = List.of();
        from.back(copied - sent);
        done += sent;
      } while (from.left() > 0);
      return done;
    }

    private long failed(long result) {
      if (result == OpenFile.WOULD_BLOCK) {
        return isNonBlocking() ? orDone(-Errno.EAGAIN) : result;
      }
      if (result == -Errno.EPIPE && done == 0 && (flags & MSG_NOSIGNAL) == 0) {
        kernel.sendToSelf(Signal.SIGPIPE);
      }
      return orDone(result);
    }
  }

  // ---- Receiving ----

  long recvfrom(int fd, int to, int count, int flags, int address, int length) {
    UserBuffer bytes = UserBuffer.of(kernel.memory(), to, count);
    UnixSocket socket = sockets.socketOf(fd);
    return new Receive(fd, socket, bytes, flags) {
      @Override
      void received(UnixSocket.Received with, int messageFlags) {
        with.files().forEach(OpenFile::release);
        if (address != 0) {
          writeSender(address, length, with);
        }
      }
    }.begin();
  }

  /** A sender without a name has a name of no bytes. */
  private void writeSender(int address, int length, UnixSocket.Received with) {
    SocketAddress from = with.from();
    if (from == null) {
      kernel.memory().writeInt(Integer.toUnsignedLong(length), 0);
    } else {
      sockets.writeAddress(address, length, from);
    }
  }

  long recvmsg(int fd, int message, int flags) {
    return receive(fd, message, flags).begin();
  }

  private Receive receive(int fd, int message, int flags) {
    UnixSocket socket = sockets.socketOf(fd);
    long at = Integer.toUnsignedLong(message);
    byte[] header = kernel.memory().read(at, MSGHDR_BYTES);
    int name = Bytes.getInt(header, 0);
    int pieces = Bytes.getInt(header, 12);
    if (Bytes.getInt(header, 4) < 0) {
      throw new CallFailedException(Errno.EINVAL);
    }
    if (Integer.compareUnsigned(pieces, UserBuffer.MAX_PIECES) > 0) {
      throw new CallFailedException(Errno.EMSGSIZE);
    }
    UserBuffer bytes = UserBuffer.vector(kernel.memory(), Bytes.getInt(header, 8), pieces);
    int control = Bytes.getInt(header, 16);
    int controlBytes = Bytes.getInt(header, 20);
    return new Receive(fd, socket, bytes, flags) {
      @Override
      void received(UnixSocket.Received with, int messageFlags) {
        int told = messageFlags;
        ControlMessages.Written written =
            controls.write(
                control,
                controlBytes,
                with,
                socket.passesCredentials(),
                (flags & MSG_CMSG_CLOEXEC) != 0);
        told |= written.truncated() ? MSG_CTRUNC : 0;
        if (name != 0) {
          writeSender(name, message + 4, with);
        }
        kernel.memory().writeInt(at + 20, written.bytes());
        kernel.memory().writeInt(at + 24, told | (flags & MSG_CMSG_CLOEXEC));
      }
    };
  }

  /** The timeout of recvmmsg is looked at after each message on Linux, and so never ends a wait. */
  long recvmmsg(int fd, int vector, int count, int flags) {
    int wanted = flags & ~MSG_WAITFORONE;
    return new MessageSeries(kernel, vector, count) {
      @Override
      FileTransfer next(int message, boolean first) {
        boolean mayWait = first || (flags & MSG_WAITFORONE) == 0;
        return receive(fd, message, mayWait ? wanted : wanted | MSG_DONTWAIT);
      }
    }.run();
  }

  private abstract class Receive extends FileTransfer {
    private final UnixSocket socket;
    private final UserBuffer to;
    private final int flags;

    Receive(int fd, UnixSocket socket, UserBuffer to, int flags) {
      super(MessageCalls.this.kernel, "receive", fd, socket, false);
      this.socket = socket;
      this.to = to;
      this.flags = flags;
    }

    /** What came with the bytes goes where the call wants it. */
    abstract void received(UnixSocket.Received with, int messageFlags);

    private boolean isNonBlocking() {
      return (flags & MSG_DONTWAIT) != 0 || (socket.flags() & Fcntl.O_NONBLOCK) != 0;
    }

    @Override
    long step() {
      if ((flags & MSG_OOB) != 0) {
        return socket.type() == UnixSocket.STREAM ? -Errno.EINVAL : -Errno.EOPNOTSUPP;
      }
      boolean all = (flags & UnixSocket.MSG_WAITALL) != 0 && !socket.isPacket();
      byte[] bytes = chunkFor(socket, to.left());
      UnixSocket.Received with = new UnixSocket.Received();
      int chunk = (int) Math.min(to.left(), bytes.length);
      long got = socket.receive(bytes, 0, chunk, flags, with);
      if (got == OpenFile.WOULD_BLOCK) {
        return isNonBlocking() ? orDone(-Errno.EAGAIN) : got;
      }
      if (got < 0) {
        return orDone(got);
      }
      int copied = to.copyOut(bytes, 0, (int) got);
      done += copied;
      boolean truncated = socket.isPacket() && with.messageBytes() > got;
      int messageFlags = truncated ? UnixSocket.MSG_TRUNC : 0;
      received(with, messageFlags);
      if (copied < got) {
        return orDone(-Errno.EFAULT);
      }
      if (truncated && (flags & UnixSocket.MSG_TRUNC) != 0) {
        return with.messageBytes();
      }
      boolean more = all && got > 0 && to.left() > 0 && with.files().isEmpty();
      boolean peek = (flags & UnixSocket.MSG_PEEK) != 0;
      return more && !peek ? step() : done;
    }
  }
}
