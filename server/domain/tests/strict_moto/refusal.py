"""What the services answer when they refuse a request."""

from xml.sax.saxutils import escape


class Refusal(Exception):
    """A refused request; `fields` are further elements of the error document."""

    def __init__(self, status, code, message="", headers=None, **fields):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message
        self.headers, self.fields = headers or {}, fields

    def s3_document(self):
        elements = {"Code": self.code, "Message": self.message, **self.fields, "RequestId": "strict"}
        inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in elements.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inside}</Error>'

    def sts_document(self):
        return (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            f"<Code>{self.code}</Code><Message>{escape(self.message)}</Message></Error>"
            "<RequestId>strict</RequestId></ErrorResponse>"
        )


def not_authorized(caller, action, resource):
    """The refusal in the words of AWS, which name the action."""
    who = f"User: {caller.arn}" if caller else "Anonymous"
    message = f"{who} is not authorized to perform: {action} on resource: {resource}"
    return Refusal(403, "AccessDenied", message)
