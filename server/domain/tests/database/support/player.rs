//! Programs in Python that play somebody outside. Each takes one JSON command a line and answers each with one line; it
//! ends when this process does and its standard input with it.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

pub struct Player {
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    _process: Child,
}

impl Player {
    /// Runs `tests/{program}` with the Python of `target/{environment}`.
    pub fn start(environment: &str, program: &str) -> Self {
        // This program is target/debug/deps/… itself.
        let own = std::env::current_exe().unwrap();
        let python = own.ancestors().nth(3).unwrap().join(environment).join("bin/python");
        let program = format!("{}/tests/{program}", env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(python)
            .args(["-B", &program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Python packages of the tests are not installed: run `scripts/install test`");
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { commands: child.stdin.take().unwrap(), answers, _process: child }
    }

    pub fn run<T: DeserializeOwned>(&mut self, command: &str, arguments: &Value) -> T {
        let mut answer = String::new();
        writeln!(self.commands, "{}", json!([command, arguments])).unwrap();
        self.answers.read_line(&mut answer).unwrap();
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["problem"], Value::Null, "{command} {arguments}");
        serde_json::from_value(answer["done"].take()).unwrap()
    }
}
