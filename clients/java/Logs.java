// Writes to app_logs from Java, each row once. Needs PostgreSQL's JDBC driver; copy what you need. Rows are lines of COPY's text format.
import java.io.StringReader;
import java.sql.*;
import org.postgresql.PGConnection;

/** A named source. A batch carries its number into the ledger in its own transaction, so a lost answer is settled by asking. */
public final class Logs {
  private final String url, source;
  private long holder, batch;
  private Connection connection;

  public Logs(String url, String source) throws SQLException {
    this.url = url;
    this.source = source;
    connect();
    try (var statement = connection.prepareStatement("SELECT holder, batch FROM app.open_log_source(?)")) {
      statement.setString(1, source);
      var row = statement.executeQuery();
      row.next();
      holder = row.getLong(1);
      batch = row.getLong(2);
    }
    connection.commit();
  }

  private void connect() throws SQLException {
    connection = DriverManager.getConnection(url);
    connection.setAutoCommit(false);
  }

  /** Returns when the rows are committed; tries again through a failover. */
  public void write(String copyText, int rows) throws Exception {
    for (long number = batch + 1; batch < number; ) {
      try {
        if (connection.isClosed()) {
          connect();
          settle();
          continue;
        }
        try (var call = connection.prepareStatement("CALL app.begin_log_batch(?, ?, ?, ?, NULL)")) {
          call.setString(1, source);
          call.setLong(2, holder);
          call.setLong(3, number);
          call.setLong(4, rows);
          call.execute();
        }
        connection.unwrap(PGConnection.class).getCopyAPI()
            .copyIn("COPY app.app_logs (app_name, level, message, metadata, created_at) FROM STDIN", new StringReader(copyText));
        connection.commit();
        batch = number;
      } catch (SQLException error) {
        var state = error.getSQLState() == null ? "08" : error.getSQLState();
        if (state.equals("PGL01")) {   // it is there already
          connection.rollback();
          settle();
        } else if (state.startsWith("08") || state.startsWith("57") || state.equals("25006")) {
          connection.close();
          Thread.sleep(500);
        } else throw error;
      }
    }
  }

  private void settle() throws SQLException {
    try (var statement = connection.prepareStatement("SELECT batch FROM app.settle_log_source(?, ?)")) {
      statement.setString(1, source);
      statement.setLong(2, holder);
      var row = statement.executeQuery();
      if (!row.next()) throw new SQLException("another writer has taken over " + source);
      batch = row.getLong(1);
    }
    connection.commit();
  }
}
