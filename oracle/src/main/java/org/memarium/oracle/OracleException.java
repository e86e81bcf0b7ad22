package org.memarium.oracle;

/** The oracle itself cannot go on. */
final class OracleException extends RuntimeException {
  private static final long serialVersionUID = 1;

  OracleException(String message) {
    super(message);
  }
}
