package org.memarium.kernel.vfs;

import java.nio.channels.WritableByteChannel;
import java.util.BitSet;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;
import org.memarium.kernel.tty.HostTerminal;
import org.memarium.kernel.tty.JobControl;
import org.memarium.kernel.tty.Pty;
import org.memarium.kernel.tty.Tty;
import org.memarium.mm.Errno;

/**
 * {@code /dev/pts}, {@code /dev/ptmx} and {@code /dev/tty}: the terminals of a machine. That of the
 * host, if there is one, is {@code /dev/pts/0}.
 */
final class Terminals {
  private static final int UNIX98_PTY_SLAVE_MAJOR = 136;
  private static final int TTYAUX_MAJOR = 5;
  private static final int TTY_MINOR = 0;
  private static final int PTMX_MINOR = 2;

  /** {@code kernel.pty.max}. */
  private static final int MAX_PTYS = 4096;

  /** The group {@code tty}, to which slaves belong. */
  private static final int TTY_GROUP = 5;

  private static final int SLAVE_MODE = FileMode.S_IFCHR | 0620;

  private final PseudoFileSystem fileSystem;
  private final PseudoDirectory pts;
  private final JobControl jobs;
  private final BitSet used = new BitSet();

  /** By slave; looked up, never listed. */
  private final IdentityHashMap<Tty, Pty> ptys = new IdentityHashMap<>();

  private @Nullable HostTerminal host;

  Terminals(PseudoFileSystem fileSystem, PseudoDirectory pts, JobControl jobs) {
    this.fileSystem = fileSystem;
    this.pts = pts;
    this.jobs = jobs;
  }

  /** The terminal of the host, or null. */
  @Nullable HostTerminal host() {
    return host;
  }

  /** Makes the terminal of the host, once. */
  void openHost(@Nullable WritableByteChannel screen, boolean hasKeyboard, Credentials owner) {
    if (host == null) {
      HostTerminal terminal = new HostTerminal(jobs, screen, hasKeyboard);
      used.set(0);
      Node node = new Node(terminal.tty(), null, 0, hasKeyboard);
      node.setOwner(owner.fsuid(), TTY_GROUP);
      pts.add("0", node);
      host = terminal;
    }
  }

  /** {@code /dev/tty}: the controlling terminal of whoever opens it. */
  Inode controlling() {
    return new Device(FileMode.S_IFCHR | 0666, TTY_MINOR);
  }

  /** {@code /dev/ptmx}: a new pseudo-terminal for whoever opens it. */
  Inode multiplexer() {
    return new Device(FileMode.S_IFCHR | 0666, PTMX_MINOR);
  }

  private PtyMaster newPty(Dentry dentry, int flags, Credentials owner) throws ErrnoException {
    int index = used.nextClearBit(0);
    if (index >= MAX_PTYS) {
      throw new ErrnoException(Errno.ENOSPC);
    }
    used.set(index);
    Pty pty = new Pty(index, jobs);
    Node node = new Node(pty.slave(), pty, index, false);
    node.setOwner(owner.fsuid(), TTY_GROUP);
    pts.add(Integer.toString(index), node);
    ptys.put(pty.slave(), pty);
    return new PtyMaster(dentry, flags, pty, this);
  }

  void masterClosed(Pty pty) {
    pty.masterClosed();
    pts.remove(Integer.toString(pty.index()));
    used.clear(pty.index());
    ptys.remove(pty.slave());
  }

  /** {@code /dev/pts/N}. */
  private final class Node extends PseudoFile {
    private final Tty tty;
    private final @Nullable Pty pty;
    private final boolean hasKeyboard;

    Node(Tty tty, @Nullable Pty pty, int index, boolean hasKeyboard) {
      super(fileSystem, SLAVE_MODE);
      this.tty = tty;
      this.pty = pty;
      this.hasKeyboard = hasKeyboard;
      rdev = DeviceNumber.of(UNIX98_PTY_SLAVE_MAJOR, index);
    }

    @Override
    OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
      if (pty != null && (pty.isLocked() || tty.isClosed())) {
        throw new ErrnoException(Errno.EIO);
      }
      TtyFile file = new TtyFile(dentry, flags, tty, pty, hasKeyboard);
      tty.openedBy((flags & Fcntl.O_NOCTTY) != 0);
      return file;
    }
  }

  /** {@code /dev/tty} and {@code /dev/ptmx}. */
  private final class Device extends PseudoFile {
    private final int minor;

    Device(int mode, int minor) {
      super(fileSystem, mode);
      this.minor = minor;
      rdev = DeviceNumber.of(TTYAUX_MAJOR, minor);
    }

    @Override
    OpenFile open(Dentry dentry, int flags, Credentials credentials) throws ErrnoException {
      if (minor == PTMX_MINOR) {
        return newPty(dentry, flags, credentials);
      }
      Tty tty = jobs.terminal();
      if (tty == null) {
        throw new ErrnoException(Errno.ENXIO);
      }
      HostTerminal own = host;
      boolean typed = own != null && own.tty().equals(tty) && own.hasKeyboard();
      return new TtyFile(dentry, flags, tty, ptys.get(tty), typed);
    }
  }
}
