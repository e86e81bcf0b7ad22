package org.memarium.kernel.vfs;

import org.memarium.kernel.tty.Pty;
import org.memarium.kernel.tty.Termios;
import org.memarium.kernel.tty.Tty;
import org.memarium.mm.Errno;

/** The ioctls of terminals; Linux {@code drivers/tty/tty_io.c}, {@code tty_ioctl.c}. */
final class TtyIoctl {
  private static final int TCGETS = 0x5401;
  private static final int TCSETS = 0x5402;
  private static final int TCSETSW = 0x5403;
  private static final int TCSETSF = 0x5404;
  private static final int TCSBRK = 0x5409;
  private static final int TCXONC = 0x540a;
  private static final int TCFLSH = 0x540b;
  private static final int TIOCSCTTY = 0x540e;
  private static final int TIOCGPGRP = 0x540f;
  private static final int TIOCSPGRP = 0x5410;
  private static final int TIOCOUTQ = 0x5411;
  private static final int TIOCSTI = 0x5412;
  private static final int TIOCGWINSZ = 0x5413;
  private static final int TIOCSWINSZ = 0x5414;
  private static final int TIOCNOTTY = 0x5422;
  private static final int TIOCGETD = 0x5424;
  private static final int TCSBRKP = 0x5425;
  private static final int TIOCGSID = 0x5429;
  private static final int TCGETS2 = 0x802c542a;
  private static final int TCSETS2 = 0x402c542b;
  private static final int TCSETSW2 = 0x402c542c;
  private static final int TCSETSF2 = 0x402c542d;

  // ---- Of the master of a pseudo-terminal ----
  private static final int TIOCGPTN = 0x80045430;
  private static final int TIOCSPTLCK = 0x40045431;
  private static final int TIOCSIG = 0x40045436;
  private static final int TIOCGPTLCK = 0x80045439;

  private static final int WINSIZE_BYTES = 8;

  private TtyIoctl() {}

  static long ofTerminal(Tty tty, int command, IoctlArgument argument) {
    return switch (command) {
      case TIOCGPGRP -> number(argument, tty.foregroundForCaller());
      case TIOCGSID -> number(argument, tty.sessionForCaller());
      case TIOCSCTTY -> tty.setControlling(argument.value() == 1);
      case TIOCNOTTY -> tty.giveUp();
      default -> ofEither(tty, command, argument);
    };
  }

  static long ofMaster(Pty pty, int command, IoctlArgument argument) {
    Tty slave = pty.slave();
    return switch (command) {
      case TIOCGPTN -> number(argument, pty.index());
      case TIOCGPTLCK -> number(argument, pty.isLocked() ? 1 : 0);
      case TIOCSPTLCK -> {
        byte[] locked = new byte[Integer.BYTES];
        if (!argument.copyFromUser(locked)) {
          yield -Errno.EFAULT;
        }
        pty.setLocked((locked[0] | locked[1] | locked[2] | locked[3]) != 0);
        yield 0;
      }
      case TIOCSIG -> slave.signal(argument.value());
      case TIOCGPGRP -> number(argument, slave.foreground());
      case TIOCGSID -> slave.session() == 0 ? -Errno.ENOTTY : number(argument, slave.session());
      case TIOCSCTTY -> -Errno.EINVAL;
      case TIOCNOTTY -> -Errno.ENOTTY;
      default -> ofEither(slave, command, argument);
    };
  }

  /** What both sides of a pseudo-terminal answer alike. */
  private static long ofEither(Tty tty, int command, IoctlArgument argument) {
    return switch (command) {
      case TCGETS -> copied(argument.copyToUser(tty.termios().toBytes(Termios.BYTES)));
      case TCGETS2 -> copied(argument.copyToUser(tty.termios().toBytes(Termios.BYTES2)));
      case TCSETS, TCSETSW -> set(tty, argument, Termios.BYTES, false);
      case TCSETSF -> set(tty, argument, Termios.BYTES, true);
      case TCSETS2, TCSETSW2 -> set(tty, argument, Termios.BYTES2, false);
      case TCSETSF2 -> set(tty, argument, Termios.BYTES2, true);
      case TIOCGWINSZ -> copied(argument.copyToUser(tty.winsize()));
      case TIOCSWINSZ -> {
        byte[] size = new byte[WINSIZE_BYTES];
        if (!argument.copyFromUser(size)) {
          yield -Errno.EFAULT;
        }
        tty.setWinsize(size);
        yield 0;
      }
      case TIOCSPGRP -> {
        byte[] group = new byte[Integer.BYTES];
        yield argument.copyFromUser(group)
            ? tty.setForeground((int) littleEndian(group))
            : -Errno.EFAULT;
      }
      case TCSBRK, TCSBRKP -> 0;
      case TCXONC -> tty.flow(argument.value());
      case TCFLSH -> tty.flush(argument.value());
      case TIOCOUTQ, TIOCGETD -> number(argument, 0);
      case TIOCSTI -> {
        byte[] typed = new byte[1];
        yield argument.copyFromUser(typed) ? tty.simulateInput(typed[0]) : -Errno.EFAULT;
      }
      default -> -Errno.ENOTTY;
    };
  }

  private static long set(Tty tty, IoctlArgument argument, int bytes, boolean flush) {
    byte[] raw = new byte[bytes];
    return argument.copyFromUser(raw) ? tty.setTermios(raw, flush) : -Errno.EFAULT;
  }

  private static long number(IoctlArgument argument, long value) {
    return value < 0 ? value : copied(argument.copyToUser(FileCalls.littleEndian((int) value)));
  }

  private static long copied(boolean whole) {
    return whole ? 0 : -Errno.EFAULT;
  }

  private static long littleEndian(byte[] raw) {
    return (raw[0] & 0xff) | (raw[1] & 0xff) << 8 | (raw[2] & 0xff) << 16 | raw[3] << 24;
  }
}
