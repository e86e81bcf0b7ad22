package org.memarium.kernel.tty;

/**
 * {@code struct ktermios}: how a terminal treats what goes through it.
 *
 * <pre>
 *   struct termios    c_iflag c_oflag c_cflag c_lflag   4 each
 *                     c_line                            1
 *                     c_cc                             19      36 bytes
 *   struct termios2   the same, c_ispeed c_ospeed       4 each, 44 bytes
 *   struct termio     the flags with 16 bits each, c_line, 8 characters, 1 unused: 18 bytes
 * </pre>
 */
public final class Termios {
  // ---- c_iflag ----
  static final int BRKINT = 0x2;
  static final int IGNCR = 0x80;
  static final int ISTRIP = 0x20;
  static final int INLCR = 0x40;
  static final int ICRNL = 0x100;
  static final int IUCLC = 0x200;
  static final int IXON = 0x400;
  static final int IXANY = 0x800;
  static final int IMAXBEL = 0x2000;
  static final int IUTF8 = 0x4000;

  // ---- c_oflag ----
  static final int OPOST = 0x1;
  static final int OLCUC = 0x2;
  static final int ONLCR = 0x4;
  static final int OCRNL = 0x8;
  static final int ONOCR = 0x10;
  static final int ONLRET = 0x20;
  static final int TABDLY = 0x1800;

  // ---- c_lflag ----
  static final int ISIG = 0x1;
  static final int ICANON = 0x2;
  static final int ECHO = 0x8;
  static final int ECHOE = 0x10;
  static final int ECHOK = 0x20;
  static final int ECHONL = 0x40;
  static final int NOFLSH = 0x80;
  static final int TOSTOP = 0x100;
  static final int ECHOCTL = 0x200;
  static final int ECHOKE = 0x800;
  static final int IEXTEN = 0x8000;

  // ---- c_cc ----
  static final int VINTR = 0;
  static final int VQUIT = 1;
  static final int VERASE = 2;
  static final int VKILL = 3;
  static final int VEOF = 4;
  static final int VTIME = 5;
  static final int VMIN = 6;
  static final int VSTART = 8;
  static final int VSTOP = 9;
  static final int VSUSP = 10;
  static final int VEOL = 11;
  static final int VREPRINT = 12;
  static final int VWERASE = 14;
  static final int VLNEXT = 15;
  static final int VEOL2 = 16;

  /** Bytes of {@code struct termios}. */
  public static final int BYTES = 36;

  /** Bytes of {@code struct termios2}. */
  public static final int BYTES2 = 44;

  private static final int CHARACTERS = 19;
  private static final int LINE_AT = 16;
  private static final int CHARACTERS_AT = 17;
  private static final int SPEED = 38_400;

  /** INTR QUIT ERASE KILL EOF TIME MIN SWTC START STOP SUSP EOL REPRINT DISCARD WERASE LNEXT. */
  private static final int[] STANDARD = {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22};

  /** 38400 baud, CS8, CREAD. */
  private static final int STANDARD_CFLAG = 0xbf;

  int iflag;
  int oflag;
  int cflag = STANDARD_CFLAG;
  int lflag;
  private int line;
  private final byte[] characters = new byte[CHARACTERS];
  private int inputSpeed = SPEED;
  private int outputSpeed = SPEED;

  private Termios(int iflag, int oflag, int lflag) {
    this.iflag = iflag;
    this.oflag = oflag;
    this.lflag = lflag;
    for (int i = 0; i < STANDARD.length; i++) {
      characters[i] = (byte) STANDARD[i];
    }
  }

  /** {@code tty_std_termios}: lines with editing, echo and signals. */
  public static Termios standard() {
    return new Termios(
        ICRNL | IXON,
        OPOST | ONLCR,
        ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN);
  }

  /** The same for characters of several bytes, as a terminal of today is set up. */
  public static Termios utf8() {
    Termios termios = standard();
    termios.iflag |= IUTF8;
    return termios;
  }

  /** Nothing is changed on its way: the master's side of a pseudo-terminal. */
  static Termios raw() {
    return new Termios(0, 0, 0);
  }

  int character(int index) {
    return characters[index] & 0xff;
  }

  boolean isInput(int bit) {
    return (iflag & bit) != 0;
  }

  boolean isOutput(int bit) {
    return (oflag & bit) != 0;
  }

  boolean isLocal(int bit) {
    return (lflag & bit) != 0;
  }

  /** As {@code struct termios}, or with {@link #BYTES2} as {@code struct termios2}. */
  public byte[] toBytes(int bytes) {
    byte[] raw = new byte[bytes];
    putInt(raw, 0, iflag);
    putInt(raw, 4, oflag);
    putInt(raw, 8, cflag);
    putInt(raw, 12, lflag);
    raw[LINE_AT] = (byte) line;
    System.arraycopy(characters, 0, raw, CHARACTERS_AT, CHARACTERS);
    if (bytes == BYTES2) {
      putInt(raw, 36, inputSpeed);
      putInt(raw, 40, outputSpeed);
    }
    return raw;
  }

  /** Takes over what {@link #toBytes} gives. */
  public void fromBytes(byte[] raw) {
    iflag = getInt(raw, 0);
    oflag = getInt(raw, 4);
    cflag = getInt(raw, 8);
    lflag = getInt(raw, 12);
    line = raw[LINE_AT];
    System.arraycopy(raw, CHARACTERS_AT, characters, 0, CHARACTERS);
    if (raw.length == BYTES2) {
      inputSpeed = getInt(raw, 36);
      outputSpeed = getInt(raw, 40);
    }
  }

  private static void putInt(byte[] to, int at, int value) {
    for (int i = 0; i < Integer.BYTES; i++) {
      to[at + i] = (byte) (value >>> (8 * i));
    }
  }

  private static int getInt(byte[] from, int at) {
    return (from[at] & 0xff)
        | (from[at + 1] & 0xff) << 8
        | (from[at + 2] & 0xff) << 16
        | from[at + 3] << 24;
  }
}
