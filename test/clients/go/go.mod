module fairlead.dev/test/clients

go 1.24
