package org.memarium.kernel.vfs;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.vfs.PathWalk.Last;
import org.memarium.kernel.wait.WaitQueue;
import org.memarium.mm.Errno;

/** The calls that make, name and connect sockets of the UNIX domain, for one process. */
public final class UnixCalls {
  private final FileCalls calls;
  private final Vfs vfs;

  UnixCalls(FileCalls calls, Vfs vfs) {
    this.calls = calls;
    this.vfs = vfs;
  }

  /** Gives a socket its inode, its file and a descriptor; without them it is released. */
  long install(UnixSock sock, int flags, Supplier<SocketCredentials> caller) throws ErrnoException {
    Dentry dentry = null;
    UnixSocket socket = null;
    try {
      int fd = calls.fds().unused(0);
      if (fd < 0) {
        return fd;
      }
      dentry = vfs.newSocket(calls.credentials());
      dentry.hold();
      Dentry named = dentry;
      socket =
          (UnixSocket)
              calls.withFilp(() -> new UnixSocket(named, sock, flags & Fcntl.O_NONBLOCK, caller));
      return calls.fds().install(socket, (flags & Fcntl.O_CLOEXEC) != 0);
    } finally {
      if (socket == null) {
        sock.release();
      }
      if (dentry != null) {
        dentry.release();
      }
    }
  }

  /**
   * socket(2).
   *
   * @param type a constant of {@link UnixSocket}
   * @param flags O_CLOEXEC and O_NONBLOCK
   * @param caller who writes to it later
   */
  public long socket(int type, int flags, Supplier<SocketCredentials> caller) {
    return calls.result(() -> install(new UnixSock(vfs.unix(), type), flags, caller));
  }

  /** socketpair(2): the descriptors go to {@code fds}. */
  public long socketpair(int type, int flags, Supplier<SocketCredentials> caller, int[] fds) {
    return calls.result(() -> {
      UnixSock first = new UnixSock(vfs.unix(), type);
      UnixSock second;
      try {
        second = new UnixSock(vfs.unix(), type);
      } catch (ErrnoException e) {
        first.release();
        throw e;
      }
      if (type == UnixSocket.DATAGRAM) {
        first.setPeer(second);
        second.setPeer(first);
      }
      first.join(second, caller.get(), caller.get());
      long one = installOrNeither(first, second, flags, caller);
      if (one < 0) {
        return one;
      }
      fds[0] = (int) one;
      long two = install(second, flags, caller);
      if (two < 0) {
        calls.close((int) one);
        return two;
      }
      fds[1] = (int) two;
      return 0;
    });
  }

  private long installOrNeither(
      UnixSock first, UnixSock second, int flags, Supplier<SocketCredentials> caller)
      throws ErrnoException {
    long fd = -Errno.ENOMEM;
    try {
      fd = install(first, flags, caller);
      return fd;
    } finally {
      if (fd < 0) {
        second.release();
      }
    }
  }

  /**
   * bind(2).
   *
   * @param name null: any that is free
   */
  public long bind(UnixSocket socket, @Nullable UnixAddress name) {
    return calls.result(() -> {
      UnixSock sock = socket.sock();
      if (name == null) {
        if (sock.address() == null) {
          vfs.unix().bindAnywhere(sock);
        }
        return 0;
      }
      if (name.isAbstract()) {
        if (sock.address() != null) {
          throw new ErrnoException(Errno.EINVAL);
        }
        vfs.unix().bind(sock, name);
        return 0;
      }
      Dentry made = calls.makeSocketFile(name.path(), sock.address() != null);
      vfs.unix().bind(sock, name, made);
      return 0;
    });
  }

  /** {@code unix_find_other}: who has a name. */
  private UnixSock find(UnixAddress name, int type) throws ErrnoException {
    UnixSock found;
    if (name.isAbstract()) {
      found = vfs.unix().find(name);
    } else {
      Last last = calls.walk(Fcntl.AT_FDCWD, name.path(), PathWalk.LastLink.FOLLOW);
      Inode inode = last.require().inode();
      calls.permission(inode, FileMode.MAY_WRITE);
      found = vfs.unix().find(inode);
    }
    if (found == null) {
      throw new ErrnoException(Errno.ECONNREFUSED);
    }
    if (found.type() != type) {
      throw new ErrnoException(Errno.EPROTOTYPE);
    }
    return found;
  }

  /** Somebody who was found, or why nobody was. */
  public sealed interface Lookup {
    /** Found. */
    record Found(UnixPeer peer) implements Lookup {}

    /** Not found: {@code -errno}. */
    record Failed(long result) implements Lookup {}
  }

  /** Whom a datagram to this name reaches. */
  public Lookup lookup(UnixSocket socket, UnixAddress name) {
    try {
      return new Lookup.Found(new UnixPeer(find(name, socket.type())));
    } catch (ErrnoException e) {
      return new Lookup.Failed(e.result());
    }
  }

  /**
   * connect(2).
   *
   * @param name null: nobody any more (AF_UNSPEC), for datagrams
   * @return 0, {@link OpenFile#WOULD_BLOCK} while the listener's backlog is full, {@code -errno}
   */
  public long connect(UnixSocket socket, @Nullable UnixAddress name, SocketCredentials own) {
    return calls.result(() -> {
      UnixSock sock = socket.sock();
      if (sock.isDatagram()) {
        sock.setPeer(name == null ? null : find(name, sock.type()));
        return 0;
      }
      if (name == null) {
        throw new ErrnoException(Errno.EINVAL);
      }
      long result = sock.connectTo(find(name, sock.type()), own);
      return result == OpenFile.WOULD_BLOCK && socket.isNonBlocking() ? -Errno.EAGAIN : result;
    });
  }

  /** Where a connect waits for room in the backlog; null if nobody has the name any more. */
  public @Nullable WaitQueue backlogQueue(UnixSocket socket, UnixAddress name) {
    try {
      return find(name, socket.type()).roomWait;
    } catch (ErrnoException e) {
      return null;
    }
  }

  /**
   * accept4(2).
   *
   * @param flags O_CLOEXEC and O_NONBLOCK
   * @return the descriptor, {@link OpenFile#WOULD_BLOCK}, or {@code -errno}
   */
  public long accept(UnixSocket socket, int flags, Supplier<SocketCredentials> caller) {
    return calls.result(() -> {
      int fd = calls.fds().unused(0);
      if (fd < 0) {
        return fd;
      }
      UnixSock accepted = socket.sock().accept();
      if (accepted == null) {
        return socket.isNonBlocking() ? -Errno.EAGAIN : OpenFile.WOULD_BLOCK;
      }
      return install(accepted, flags, caller);
    });
  }
}
