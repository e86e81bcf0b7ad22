package org.memarium.kernel.vfs;

import org.memarium.mm.Errno;

/**
 * What ioctl tells of the terminal ({@code struct termios} and {@code struct winsize}). Settings
 * are remembered, and change nothing on the host's terminal, which does the line editing.
 */
final class Terminal {

  private static final int TCGETS = 0x5401;
  private static final int TCSETS = 0x5402;
  private static final int TCSETSW = 0x5403;
  private static final int TCSETSF = 0x5404;
  private static final int TIOCGWINSZ = 0x5413;
  private static final int TIOCSWINSZ = 0x5414;

  /** Bytes of the kernel's {@code struct termios}: four flags, the line, 19 characters. */
  private static final int TERMIOS_BYTES = 36;

  private final byte[] termios = new byte[TERMIOS_BYTES];
  private final byte[] winsize = new byte[8];

  Terminal(int rows, int columns) {
    winsize[0] = (byte) rows;
    winsize[1] = (byte) (rows >> 8);
    winsize[2] = (byte) columns;
    winsize[3] = (byte) (columns >> 8);
    // ICRNL IXON IUTF8; OPOST ONLCR; 38400 baud CS8 CREAD; ISIG ICANON ECHO ECHOE ECHOK ECHOCTL
    // ECHOKE IEXTEN: what getty leaves behind.
    int[] flags = {0x4500, 0x5, 0xbf, 0x8a3b};
    for (int i = 0; i < flags.length; i++) {
      System.arraycopy(FileCalls.littleEndian(flags[i]), 0, termios, 4 * i, 4);
    }
    // INTR QUIT ERASE KILL EOF TIME MIN SWTC START STOP SUSP EOL REPRINT DISCARD WERASE LNEXT.
    int[] characters = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22};
    for (int i = 0; i < characters.length; i++) {
      termios[17 + i] = (byte) characters[i];
    }
  }

  long ioctl(int command, IoctlArgument argument) {
    boolean copied =
        switch (command) {
          case TCGETS -> argument.copyToUser(termios);
          case TCSETS, TCSETSW, TCSETSF -> argument.copyFromUser(termios);
          case TIOCGWINSZ -> argument.copyToUser(winsize);
          case TIOCSWINSZ -> argument.copyFromUser(winsize);
          default -> false;
        };
    if (copied) {
      return 0;
    }
    return switch (command) {
      case TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGWINSZ, TIOCSWINSZ -> -Errno.EFAULT;
      default -> -Errno.ENOTTY;
    };
  }
}
