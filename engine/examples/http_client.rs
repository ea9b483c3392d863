//! The listing `class HTTPClient`: a Deferred whose canceller closes the connection.
//!
//! It runs over a real socket on the loopback interface; the server's part is played by the same thread, and
//! no read waits longer than 5 seconds. The article prints nothing; here one request is completed and one
//! cancelled. Of the cancelled one the server sees the connection end, and a result that comes later is
//! refused: after a canceller nothing is swallowed.

use deferral::{AlreadyCalled, Deferred, Failure};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::rc::Rc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

struct HttpClient {
    transport: Rc<TcpStream>,
    result: Option<Deferred<String>>,
}

impl HttpClient {
    fn new(transport: TcpStream) -> Self {
        Self { transport: Rc::new(transport), result: None }
    }

    fn request(&mut self, method: &str, path: &str) -> io::Result<Deferred<String>> {
        let transport = Rc::clone(&self.transport);
        let result = Deferred::with_canceller(move |_| {
            // It can be closed by now; then there is nothing to stop.
            let _ = transport.shutdown(Shutdown::Both);
        });
        self.result = Some(result.clone());
        let request = format!("{method} {path} HTTP/1.0\r\n\r\n");
        (&*self.transport).write_all(request.as_bytes())?;
        Ok(result)
    }

    /// Reads the response up to its end, and fires.
    fn read_response(&mut self) -> Result<(), AlreadyCalled> {
        let Some(result) = self.result.take() else {
            return Ok(());
        };
        let mut response = String::new();
        match (&*self.transport).read_to_string(&mut response) {
            Ok(_) => match response.split_once("\r\n\r\n") {
                Some((_, body)) => result.callback(body.to_owned()),
                None => result.errback(Failure::new("the response has no end of its head")),
            },
            Err(error) => result.errback(error),
        }
    }
}

/// A client and the server's side of its connection.
fn connect(listener: &TcpListener) -> io::Result<(HttpClient, TcpStream)> {
    let client = TcpStream::connect_timeout(&listener.local_addr()?, PATIENCE)?;
    let (server, _) = listener.accept()?;
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
    }
    Ok((HttpClient::new(client), server))
}

/// The server's part: reads up to the end of a request's head, or of the connection.
fn read_head(mut server: &TcpStream) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && server.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).trim_end().to_owned())
}

fn completed(listener: &TcpListener, print: fn(&str)) -> Result<(), Failure> {
    let (mut client, mut server) = connect(listener)?;
    show(&client.request("GET", "/")?, print);
    print(&format!("Server: {}", read_head(&server)?));
    server.write_all(b"HTTP/1.0 200 OK\r\n\r\nhello")?;
    drop(server);
    client.read_response()?;
    Ok(())
}

fn cancelled(listener: &TcpListener, print: fn(&str)) -> Result<(), Failure> {
    let (mut client, mut server) = connect(listener)?;
    let result = client.request("GET", "/slow")?;
    show(&result, print);
    print(&format!("Server: {}", read_head(&server)?));
    result.cancel();
    if server.read(&mut [0])? == 0 {
        print("Server: the client closed the connection");
    }
    if let Err(error) = client.read_response() {
        print(&format!("Late result refused: {error}"));
    }
    Ok(())
}

/// Prints a request's result when it is there.
fn show(result: &Deferred<String>, print: fn(&str)) {
    result
        .then(move |body| print(&format!("Response: {body}")))
        .add_errback(move |failure| print(&format!("No response: {failure}")));
}

/// The program: tells `print` the lines that it prints.
///
/// # Errors
/// When the loopback interface doesn't work.
pub fn run(print: fn(&str)) -> Result<(), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    completed(&listener, print)?;
    cancelled(&listener, print)
}

fn main() -> Result<(), Failure> {
    run(|line| println!("{line}"))
}
